import { once } from "node:events";
import https from "node:https";
import type { Socket } from "node:net";
import { inspect } from "node:util";
import { certificate } from "@tokbind/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TokenBindingError } from "../src/index.ts";
import { readConnectAnswer } from "../src/proxy/read-connect-answer.ts";
import { failure, makeAgent } from "./support/agents.ts";
import { serveHostileProxy } from "./support/forward-proxy.ts";
import { makeHttpsAgent } from "./support/https-agents.ts";
import { serve } from "./support/origin.ts";
import { proxiedClients } from "./support/proxied-clients.ts";

// vitest fails a run with an unhandled rejection or an uncaught exception, which a second error would be.

const ok = "HTTP/1.1 200 OK\r\n";

/** Says it again and again, until the other end has had enough. */
const forever = (text: string) => (socket: Socket) => {
  const more = () => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on("drain", more);
  more();
};
const say = (text: string) => (socket: Socket) => void socket.write(text, "latin1");

const answers: [string, (socket: Socket) => void, string][] = [
  [
    "asks for credentials",
    say("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n"),
    "status 407: other cr",
  ],
  ["refuses", say("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\ngone"), "status 403"],
  ["redirects", say("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n"), "status 302"],
  ["switches protocols", say("HTTP/1.1 101 Switching Protocols\r\n\r\n"), "status 101"],
  ["answers 204 with more", say("HTTP/1.1 204 No Content\r\n\r\nmore"), "bytes of its own before TLS began"],
  ["adds a body", say(`${ok}Content-Length: 5\r\n\r\nhello`), "bytes of its own before TLS began"],
  ["adds a TLS record", say(`${ok}\r\n\x16\x03\x03\x00\x05abcde`), "bytes of its own before TLS began"],
  ["adds an alert later", (socket) => {
    socket.write(`${ok}\r\n`);
    setTimeout(() => socket.write("\x15\x03\x03\x00\x02\x02\x28", "latin1"), 5);
  }, ""], // prettier-ignore
  ["adds garbage later", (socket) => {
    socket.write(`${ok}\r\n`);
    setTimeout(() => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"), 5);
  }, ""], // prettier-ignore
  ["speaks HTTP/2", say("\x00\x00\x12\x04\x00\x00\x00\x00\x00"), "something else than HTTP/1.1"],
  ["speaks SSH", say("SSH-2.0-OpenSSH_9.2\r\n"), "something else than HTTP/1.1"],
  ["speaks HTTP/0.9", say("<html>"), "something else than HTTP/1.1"],
  ["says HTTP/2.0", say("HTTP/2.0 200 OK\r\n\r\n"), "something else than HTTP/1.1"],
  ["says a status of two digits", say("HTTP/1.1 20 OK\r\n\r\n"), "something else than HTTP/1.1"],
  ["says a status of four digits", say("HTTP/1.1 2000 OK\r\n\r\n"), "something else than HTTP/1.1"],
  ["ends lines with LF", say("HTTP/1.1 200 OK\n\n"), "something else than HTTP/1.1"],
  ["sends header fields for ever", forever("a: b\r\n".repeat(100)), "something else than HTTP/1.1"],
  ["sends header fields for ever after a status", (socket) => {
    socket.write(ok);
    forever("a: b\r\n".repeat(100))(socket);
  }, "more than 16384 bytes of header fields"], // prettier-ignore
  [
    "sends one line for ever",
    forever("HTTP/1.1 200 O".padEnd(1000, "K")),
    "more than 16384 bytes of header fields",
  ],
  ["sends interim answers for ever", forever("HTTP/1.1 100 Continue\r\n\r\n"), "more than 16384 bytes of"],
  [
    "sends one header field of a megabyte",
    say(`${ok}a: ${"b".repeat(1e6)}\r\n\r\n`),
    "more than 16384 bytes of",
  ],
  ["says nothing and closes", (socket) => void socket.end(), "a closed connection"],
  ["closes in the status line", (socket) => void socket.end("HTTP/1.1 2"), "a closed connection"],
  ["closes in the header section", (socket) => void socket.end(ok), "a closed connection"],
  ["closes after 100", (socket) => void socket.end("HTTP/1.1 100 Continue\r\n\r\n"), "a closed connection"],
  ["resets", (socket) => void socket.resetAndDestroy(), ""],
  ["opens and closes", (socket) => void socket.end(`${ok}\r\n`), ""],
  ["opens and resets", (socket) => {
    socket.write(`${ok}\r\n`, () => socket.resetAndDestroy());
  }, ""], // prettier-ignore
  // Credentials must not come back in an error.
  ["echoes", (socket) => {
    socket.pipe(socket);
    socket.once("data", say("CONNECT"));
    socket.write("CONNECT");
  }, "something else than HTTP/1.1"], // prettier-ignore
];

describe.each(Object.entries(proxiedClients))("%s: one error, when the proxy", (_name, client) => {
  test.each(answers)("%s", async (_how, answer, expected) => {
    const origin = await serve();
    const { url, sockets } = await serveHostileProxy(answer);
    const get = client({ proxy: url });
    for (let i = 0; i < 2; i++) {
      const error = await failure(get(origin.url));
      const where = `proxy ${new URL(url).origin}: expected a tunnel to localhost:${origin.port}, got `;
      if (expected !== "") {
        expect(error).toBeInstanceOf(TokenBindingError);
        expect(error).toMatchObject({ code: "proxy_failed" });
        expect(error.message).toContain(where + expected);
      }
      expect(error).not.toBeInstanceOf(TypeError);
      for (const secret of ["s3cr3t", Buffer.from("alice:s3cr3t-4711").toString("base64")]) {
        expect(inspect(error, { depth: 10 })).not.toContain(secret);
      }
    }
    await expect.poll(() => sockets.size, { timeout: 5_000 }).toBe(0);
    expect(origin.seen).toHaveLength(0);
  });

  test("needs some interim answers, and its answer comes byte by byte: no error", async () => {
    const origin = await serve();
    const text = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 103 Early Hints\r\nLink: </>\r\n\r\n${ok}Via: 1.1 x\r\n\r\n`;
    const { url } = await serveHostileProxy((socket) => {
      const speak = async () => {
        for (const byte of text) {
          socket.write(byte);
          await new Promise(setImmediate);
        }
        const onward = (await import("node:net")).connect(origin.port, "127.0.0.1");
        onward.on("error", () => socket.destroy());
        socket.pipe(onward).pipe(socket);
      };
      void speak();
    });
    await client({ proxy: url })(origin.url);
    expect(origin.seen[0]!.id).toBeDefined();
  });
});

describe("a proxy that stalls", () => {
  test.each([false, true])("over https: %j: connect.timeout of TokenBindingAgent holds", async (isHttps) => {
    const { url, sockets } = await serveHostileProxy(() => undefined, { isHttps });
    const options = { proxy: url, ...(isHttps && { proxyTls: { ca: certificate.cert } }) };
    const agent = makeAgent({ ...options, connect: { timeout: 50 } });
    expect(
      await failure(agent.request({ origin: "https://localhost:1", path: "/", method: "GET" })),
    ).toMatchObject({
      code: "UND_ERR_CONNECT_TIMEOUT",
    });
    await expect.poll(() => sockets.size).toBe(0);
  });

  test.each(["before its answer", "in its answer", "after its answer"])(
    "%s: timeouts of a request through TokenBindingHttpsAgent hold, and nothing stays open",
    async (when) => {
      const { url, sockets } = await serveHostileProxy((socket) => {
        if (when === "in its answer") socket.write(ok);
        if (when === "after its answer") socket.write(`${ok}\r\n`);
      });
      const late = new Error("too late");
      // Of the request, of the agent, set later.
      for (const [timeout, agentTimeout, setLater] of [
        [50, undefined, undefined],
        [undefined, 50, undefined],
        [undefined, undefined, 50],
      ]) {
        const agent = makeHttpsAgent({ proxy: url, timeout: agentTimeout });
        const request = https.get("https://localhost:1/", { agent, ...(timeout && { timeout }) });
        if (setLater !== undefined) request.setTimeout(setLater);
        request.once("timeout", () => request.destroy(late));
        expect(await once(request, "response").catch((error: unknown) => error)).toBe(late);
      }
      await expect.poll(() => sockets.size).toBe(0);
    },
  );

  test("an agent that is destroyed in the meantime leaves no connection", async () => {
    const { url, sockets } = await serveHostileProxy(() => undefined);
    const agent = makeAgent({ proxy: url });
    const failed = failure(agent.fetch("https://localhost:4443/"));
    const httpsAgent = makeHttpsAgent({ proxy: url });
    const failedToo = once(https.get("https://localhost:1/", { agent: httpsAgent }), "response").catch(
      (error: unknown) => error,
    );
    await expect.poll(() => sockets.size).toBe(2);
    await agent.destroy(new Error("enough"));
    httpsAgent.destroy();
    expect((await failed).cause).toMatchObject({ message: "enough" });
    expect(await failedToo).toMatchObject({ code: "ECONNRESET" });
    await expect.poll(() => sockets.size).toBe(0);
  });
});

test("the verdict on an answer does not depend on how it is cut into chunks", () => {
  const line = fc.constantFrom(
    ok,
    "HTTP/1.1 100 Continue\r\n",
    "HTTP/1.1 407 No\r\n",
    "HTTP/1.1 99 X\r\n",
    "a: b\r\n",
    "\r\n",
    "x".repeat(9_000),
    "\n",
    "HTTP/",
  );
  const judge = (chunks: readonly string[]) => {
    const read = readConnectAnswer(true);
    for (const [i, chunk] of chunks.entries()) {
      const result = read(Buffer.from(chunk, "latin1"));
      // What comes after an answer is for TLS, unless it came with it.
      if (result !== "unfinished") return [result, chunks.slice(i + 1).join("") !== ""];
    }
    return ["unfinished", false];
  };
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.integer({ min: 1, max: 50 }), (lines, size) => {
      const text = lines.join("");
      const [whole] = judge([text]);
      const [cut, hasMore] = judge(text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? []);
      if (cut === "open" && hasMore) {
        expect(whole).toEqual({ refused: "bytes of its own before TLS began" });
      } else {
        expect(cut).toEqual(whole);
      }
    }),
  );
});
