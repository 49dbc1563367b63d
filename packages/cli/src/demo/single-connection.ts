import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import tls, { type SecureContextOptions, type TLSSocket } from "node:tls";
import type { KeyParameters } from "@tokbind/codec";
import { withTokenBinding } from "@tokbind/tls";

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * One TLS connection over which a caller sends whatever headers it likes: the tool of somebody who does not
 * play by the rules, for whom a well-behaved agent is no use.
 */
export class SingleConnection {
  readonly socket: TLSSocket;
  readonly #agent: http.Agent;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    Object.assign(this.#agent, { createConnection: () => socket });
  }

  /** Connects to a server on loopback and offers Token Binding unless `keyParameters` is empty. */
  static async open(
    port: number,
    keyParameters: readonly KeyParameters[],
    versions: SecureContextOptions,
  ): Promise<SingleConnection> {
    const createContext = () => tls.createSecureContext(versions);
    const secureContext =
      keyParameters.length === 0 ? createContext() : withTokenBinding(createContext, { keyParameters });
    // The demo's certificate is its own; what this connects to is the child process on loopback.
    const options = { host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false };
    const socket = tls.connect({ ...options, port, secureContext });
    await once(socket, "secureConnect");
    return new SingleConnection(socket);
  }

  async get(path: string, headers: Record<string, string>): Promise<Answer> {
    const request = http.get({ agent: this.#agent, path, headers: { host: "localhost", ...headers } });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let body = "";
    for await (const chunk of response.setEncoding("utf8")) body += String(chunk);
    return { status: response.statusCode ?? 0, body };
  }

  close(): void {
    this.#agent.destroy();
    this.socket.destroy();
  }
}
