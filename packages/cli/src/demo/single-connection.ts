import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import tls, { type SecureContextOptions, type TLSSocket } from "node:tls";
import type { KeyParameters } from "@tokbind/codec";
import { withTokenBinding } from "@tokbind/tls";

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** What a Set-Cookie sets. */
  readonly cookie?: string | undefined;
}

/**
 * One TLS connection over which a caller sends whatever headers it likes: the tool of somebody who does not
 * play by the rules, for whom a well-behaved agent is no use.
 */
export class SingleConnection {
  readonly socket: TLSSocket;
  readonly #agent: http.Agent;
  /** The newest session of the connection, to resume; in TLS 1.3 it comes after the handshake. */
  session: Buffer | undefined;

  private constructor(socket: TLSSocket) {
    this.socket = socket.on("session", (session) => (this.session = session));
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    Object.assign(this.#agent, { createConnection: () => socket });
  }

  /**
   * Connects to a server on loopback and offers Token Binding unless `keyParameters` is empty.
   *
   * @param context - with a `ca`, the server has to have a certificate of it
   * @param session - to resume
   */
  static async open(
    port: number,
    keyParameters: readonly KeyParameters[],
    context: SecureContextOptions,
    session?: Buffer,
  ): Promise<SingleConnection> {
    const createContext = () => tls.createSecureContext(context);
    const secureContext =
      keyParameters.length === 0 ? createContext() : withTokenBinding(createContext, { keyParameters });
    // Without a CA, the demo's certificate is its own; what this connects to is the child process on loopback.
    const rejectUnauthorized = context.ca !== undefined;
    const options = { host: "127.0.0.1", servername: "localhost", rejectUnauthorized };
    const socket = tls.connect({ ...options, port, secureContext, ...(session && { session }) });
    const connection = new SingleConnection(socket);
    await once(socket, "secureConnect");
    return connection;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#send("GET", path, headers);
  }

  post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    const type = "application/x-www-form-urlencoded";
    return this.#send("POST", path, { ...headers, "content-type": type }, String(new URLSearchParams(form)));
  }

  async #send(method: string, path: string, headers: Record<string, string>, body = ""): Promise<Answer> {
    const all = { host: "localhost", ...headers };
    const request = http.request({ agent: this.#agent, method, path, headers: all });
    request.end(body);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
    const cookie = response.headers["set-cookie"]?.[0]?.split(";")[0];
    return { status: response.statusCode ?? 0, body: text, cookie };
  }

  close(): void {
    this.#agent.destroy();
    this.socket.destroy();
  }
}
