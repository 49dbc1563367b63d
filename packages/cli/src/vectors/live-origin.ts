import { once } from "node:events";
import https from "node:https";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import { type KeyParameters, secTokenBinding } from "@tokbind/codec";
import { TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import type { Certificate } from "../throwaway-certificate.ts";

/** A server on loopback that says what it thinks of the Sec-Token-Binding lines of a request. */
export interface LiveOrigin {
  /**
   * Sends these lines as they are, on a connection of their own with negotiated Token Binding.
   *
   * @returns the code of the refusal, "accepted", or "unbound" when the server found no binding
   */
  ask(fields: readonly string[]): Promise<string>;
  close(): void;
}

/** Starts the server; it negotiates these key parameters only. */
export async function startLiveOrigin(
  certificate: Certificate,
  keyParameters: KeyParameters,
): Promise<LiveOrigin> {
  const verifier = new TokenBindingVerifier();
  const options = { keyParameters: [keyParameters] };
  const server = withTokenBinding(
    () =>
      https.createServer(certificate, (request, response) => {
        try {
          response.end(verifier.verify(request) === undefined ? "unbound" : "accepted");
        } catch (error) {
          if (!(error instanceof TokenBindingError)) throw error;
          response.writeHead(error.status).end(error.code);
        }
      }),
    options,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  async function ask(fields: readonly string[]): Promise<string> {
    const socket = withTokenBinding(
      () => tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: certificate.cert }),
      options,
    );
    await once(socket, "secureConnect");
    const lines = fields.map((value) => `${secTokenBinding}: ${value}\r\n`).join("");
    // Written by hand: no HTTP client lets such values through.
    socket.end(`GET / HTTP/1.1\r\nHost: localhost\r\n${lines}Connection: close\r\n\r\n`, "latin1");
    const response = Buffer.concat((await socket.toArray()) as Buffer[]).toString("latin1");
    const [head = "", ...body] = response.split("\r\n\r\n");
    const text = body.join("\r\n\r\n");
    return /^transfer-encoding: chunked/im.test(head) ? (text.split("\r\n")[1] ?? "") : text;
  }

  return {
    ask,
    close() {
      server.close();
    },
  };
}
