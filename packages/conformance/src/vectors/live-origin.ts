import { once } from "node:events";
import https from "node:https";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { type KeyParameters, secTokenBinding } from "@tokbind/codec";
import { TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { loopbackCertificate } from "../loopback-certificate.ts";

/** A server on loopback that answers with its verdict on the Sec-Token-Binding lines of a request. */
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
export async function startLiveOrigin(keyParameters: KeyParameters): Promise<LiveOrigin> {
  const verifier = new TokenBindingVerifier();
  const options = { keyParameters: [keyParameters] };
  const server = withTokenBinding(
    () =>
      https.createServer(loopbackCertificate, (request, response) => {
        try {
          response.end(verifier.verify(request) === undefined ? "unbound" : "accepted");
        } catch (error) {
          const code = error instanceof TokenBindingError ? error.code : String(error);
          response.writeHead(400).end(code);
        }
      }),
    options,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  async function ask(fields: readonly string[]): Promise<string> {
    const socket = withTokenBinding(
      () => tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: loopbackCertificate.cert }),
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
