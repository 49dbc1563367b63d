import type { Socket } from "node:net";
import tls from "node:tls";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { withRawExtension } from "@tokbind/tls/raw";
import { request } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import type { TokenBindingAgentOptions } from "../src/index.ts";
import { failure, makeAgent } from "./support/agents.ts";
import { frame, frameTypes, goAway, serveRawHttp2 } from "./support/raw-http2.ts";

// vitest fails a run at an unhandled rejection or an uncaught exception.

/** A server over TLS that answers the first bytes of each connection by hand. */
async function serveRaw(answer: (socket: tls.TLSSocket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = tls.createServer(certificate, (socket) => {
    socket
      .on("error", () => undefined)
      .once("data", () => {
        answer(socket);
      });
  });
  server.on("connection", (socket: Socket) => sockets.add(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return `https://localhost:${await listenInTest(server)}`;
}

const refused = async (url: string, options: TokenBindingAgentOptions = {}) => {
  const agent = makeAgent({ headersTimeout: 300, bodyTimeout: 300, ...options });
  return failure(request(url, { dispatcher: agent }).then(({ body }) => body.text()));
};

/** Writes the same again and again until the socket is gone. */
function flood(socket: tls.TLSSocket, what: Uint8Array | string, pause?: number): void {
  const write = () => {
    if (socket.destroyed) return;
    socket.write(what);
    if (pause === undefined) setImmediate(write);
    else setTimeout(write, pause);
  };
  write();
}

describe("HTTP/1.1: one clear error for", () => {
  test("interim answers without end", async () => {
    const hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    const url = await serveRaw((socket) => {
      flood(socket, hints);
    });
    const error = await refused(url, { headersTimeout: 0 });
    expect(error).toMatchObject({
      code: "UND_ERR_HEADERS_OVERFLOW",
      message: "more than 100 interim answers",
    });
  });

  test("interim answers that keep a request waiting", async () => {
    const url = await serveRaw((socket) => {
      flood(socket, "HTTP/1.1 103 Early Hints\r\n\r\n", 20);
    });
    expect(await refused(url)).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
  });

  test.each([
    [
      "header fields without end",
      "HTTP/1.1 200 OK\r\n",
      "x-bomb: xxxxxxxxxxxxxxxxxxxxxxxx\r\n",
      "UND_ERR_HEADERS_OVERFLOW",
    ],
    ["a header field without end", "HTTP/1.1 200 OK\r\nx: ", "x".repeat(1_000), "UND_ERR_HEADERS_OVERFLOW"],
    ["no HTTP at all", "SSH-2.0-OpenSSH\r\n", "x", undefined],
  ])("%s", async (_what, start, more, code) => {
    const url = await serveRaw((socket) => {
      socket.write(start);
      flood(socket, more);
    });
    const error = (await refused(url)) as NodeJS.ErrnoException;
    if (code === undefined) expect(error.name).toBe("HTTPParserError");
    else expect(error.code).toBe(code);
  });

  test("an upgrade that nobody asked for, and 100 Continue", async () => {
    for (const answer of [
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n",
    ]) {
      let connections = 0;
      const url = await serveRaw((socket) => {
        connections++;
        socket.write(answer);
      });
      // undici fails an assertion at the first, which is an error of the request too.
      expect(await refused(url)).toMatchObject({
        code: expect.stringMatching(/^(UND_ERR_SOCKET|ERR_ASSERTION)$/) as string,
      });
      expect(connections).toBe(1);
    }
  });
});

describe("HTTP/2: one clear error for", () => {
  const literal = (name: string, value: string) =>
    Buffer.concat([
      Buffer.of(0, name.length),
      Buffer.from(name),
      Buffer.of(value.length),
      Buffer.from(value),
    ]);
  const hints = literal(":status", "103");

  test("interim answers that keep a request waiting", async () => {
    const url = await serveRawHttp2((socket, stream) => {
      flood(socket, frame(frameTypes.headers, 0x4, stream, hints), 20);
    });
    expect(await refused(url, { allowH2: true })).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
  });

  test("header fields without end", async () => {
    const url = await serveRawHttp2((socket, stream) => {
      socket.write(frame(frameTypes.headers, 0, stream, Buffer.of(0x88)));
      flood(socket, frame(frameTypes.continuation, 0, stream, literal("x-bomb", "x".repeat(100))));
    });
    expect(await refused(url, { allowH2: true })).toBeInstanceOf(Error);
  });

  test.each([0, 1, 2, 7, 8, 11])("a stream that is reset with code %i, again and again", async (code) => {
    let count = 0;
    const url = await serveRawHttp2((socket, stream) => {
      count++;
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(code);
      socket.write(frame(frameTypes.reset, 0, stream, payload));
    });
    expect(await refused(url, { allowH2: true })).toBeInstanceOf(Error);
    expect(count).toBeLessThanOrEqual(11);
  });

  test.each([0, 2, 11])("a GOAWAY with code %i, again and again", async (code) => {
    let count = 0;
    const url = await serveRawHttp2((socket) => {
      count++;
      socket.write(goAway(0, code));
    });
    expect(await refused(url, { allowH2: true })).toBeInstanceOf(Error);
    expect(count).toBeLessThanOrEqual(11);
  });

  test("frames that are none", async () => {
    const url = await serveRawHttp2((socket) => {
      flood(socket, Buffer.alloc(100, 0xff));
    });
    expect(await refused(url, { allowH2: true })).toBeInstanceOf(Error);
  });
});

describe("one clear error for a negotiation that RFC 8472 section 4 forbids", () => {
  test.each([
    ["a higher version", [1, 1, 1, 2]],
    ["two identifiers", [1, 0, 2, 2, 1]],
    ["one that was not offered", [1, 0, 1, 3]],
    ["no identifier", [1, 0, 0]],
    ["left-over bytes", [1, 0, 1, 2, 0]],
  ])("%s", async (_what, bytes) => {
    let connections = 0;
    const body = Uint8Array.from(bytes);
    const server = withRawExtension(() => tls.createServer(certificate), { answer: body });
    server.on("connection", () => connections++).on("tlsClientError", () => undefined);
    const url = `https://localhost:${await listenInTest(server)}`;
    const error = (await refused(url)) as NodeJS.ErrnoException;
    expect(error.code).toMatch(/^ERR_SSL_/);
    expect(connections).toBe(1);
  });
});
