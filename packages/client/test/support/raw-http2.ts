import tls, { type TLSSocket } from "node:tls";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { withTokenBinding } from "@tokbind/tls";
import { onTestFinished } from "vitest";

/** Types of HTTP/2 frames (RFC 9113 section 6). */
export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, goAway: 7, continuation: 9 } as const;

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.of(),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function goAway(lastStream: number, code: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStream, 0);
  payload.writeUInt32BE(code, 4);
  return frame(frameTypes.goAway, 0, 0, payload);
}

/** An answer of status 200 without a body. */
export const ok = (stream: number) => frame(frameTypes.headers, 0x5, stream, Buffer.of(0x88));

/**
 * A server that speaks HTTP/2 by hand for the length of a test, since Node's cannot misbehave. It calls `onHeaders` with
 * the stream of each request and the number of its connection, from 1.
 */
export async function serveRawHttp2(
  onHeaders: (socket: TLSSocket, stream: number, connection: number) => void,
): Promise<string> {
  let connections = 0;
  const sockets = new Set<TLSSocket>();
  const server = withTokenBinding(() => tls.createServer({ ...certificate, ALPNProtocols: ["h2"] }));
  server.on("secureConnection", (socket) => {
    const connection = ++connections;
    sockets.add(socket.on("error", () => undefined));
    socket.write(frame(frameTypes.settings, 0, 0));
    let rest = Buffer.alloc(0);
    let start = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".length;
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= start + 9) {
        const length = rest.readUIntBE(start, 3);
        if (rest.length < start + 9 + length) return;
        const [type, stream] = [rest.readUInt8(start + 3), rest.readUInt32BE(start + 5)];
        rest = rest.subarray(start + 9 + length);
        start = 0;
        if (type === frameTypes.headers) onHeaders(socket, stream, connection);
      }
    });
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return `https://localhost:${await listenInTest(server)}`;
}
