// TLS contexts of a server that were made outside of withTokenBinding: they are noticed, and nothing else about them
// changes.

import { once } from "node:events";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { certificate } from "@tokbind/testing";
import {
  connect,
  handshake,
  helloProxy,
  only,
  plain,
  raw,
  tokenBinding,
  versions,
} from "@tokbind/testing/handshake";
import { listenInTest } from "@tokbind/testing/vitest";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { liveState } from "@tokbind/tls/raw";

interface TokenBindingWarning extends Error {
  code?: string;
}

let warnings: TokenBindingWarning[];
const remember = (warning: TokenBindingWarning) => warnings.push(warning);
/** Print them. */
const printers = process.listeners("warning");
beforeEach(() => {
  warnings = [];
  process.removeAllListeners("warning").on("warning", remember);
});
afterEach(() => {
  process.off("warning", remember);
  for (const print of printers) process.on("warning", print);
});

/** Codes of the warnings so far; Node emits them on the next tick. */
async function codes() {
  await new Promise(setImmediate);
  return warnings.map(({ code }) => code);
}

/** Answers every request with the key parameters of its connection. */
const app: Parameters<typeof https.createServer>[1] = (request, response) => {
  response.end(negotiatedTokenBinding(request.socket)?.keyParameters ?? "none");
};

async function get(port: number, wrap = tokenBinding()): Promise<string> {
  const options = { host: "127.0.0.1", servername: "localhost", ca: certificate.cert, agent: false } as const;
  const request = wrap(() => https.get({ ...options, port }));
  const [response] = (await once(request, "response")) as [NodeJS.ReadableStream];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return body;
}

describe.each(versions)("%s", (version) => {
  const options = { ...certificate, ...only(version) };

  test("setSecureContext outside of withTokenBinding: a warning, once for each server", async () => {
    for (const expected of [["TOKBIND_CONTEXT"], ["TOKBIND_CONTEXT", "TOKBIND_CONTEXT"]]) {
      const server = withTokenBinding(() => https.createServer(options, app));
      const port = await listenInTest(server);
      const before = warnings.length;
      expect(await get(port)).toBe("ecdsap256");
      expect(await codes()).toHaveLength(before);

      server.setSecureContext(options);
      expect(await get(port)).toBe("none");
      expect(await get(port)).toBe("none");
      server.setSecureContext(options);
      expect(await get(port)).toBe("none");
      expect(await codes()).toEqual(expected);

      withTokenBinding(() => {
        server.setSecureContext(options);
      });
      expect(await get(port)).toBe("ecdsap256");
    }
    expect(warnings[0]?.name).toBe("TokenBindingWarning");
    expect(warnings[0]?.message).toContain("renewCertificate(server, { key, cert })");
    expect(warnings[0]?.message).toContain("serverFactory");
  });

  test("a second listener that a framework makes later", async () => {
    const makeListener = () => https.createServer(options, app);
    const first = await listenInTest(withTokenBinding(makeListener));
    const second = await listenInTest(makeListener());
    expect([await get(first), await get(second)]).toEqual(["ecdsap256", "none"]);
    expect(await codes()).toEqual(["TOKBIND_CONTEXT"]);
  });

  test("a socket made by hand", async () => {
    const secureContext = tls.createSecureContext(options);
    const server = net.createServer((connection) => {
      const socket = new tls.TLSSocket(connection, { isServer: true, secureContext });
      socket.on("secure", () => {
        negotiatedTokenBinding(socket);
        socket.end();
      });
    });
    const { negotiated } = await connect(tokenBinding(), await listenInTest(server));
    expect(negotiated).toBeUndefined();
    // One for all of them, and the first version has had it.
    expect(await codes()).toEqual(version === "TLSv1.2" ? ["TOKBIND_CONTEXT"] : []);
  });

  test("no warning where nobody offers, nobody asks, or nothing is wrong", async () => {
    const foreign = await listenInTest(https.createServer(options, app));
    expect(await get(foreign, plain)).toBe("none");
    const unasked = await listenInTest(https.createServer(options, (_request, response) => response.end()));
    expect(await get(unasked)).toBe("");
    // A client's context is never one of those: it does not offer.
    expect((await handshake({ client: plain, options: only(version) })).client.negotiated).toBeUndefined();
    // Offered, not agreed on, and the context is ours.
    const ends = await handshake({
      client: tokenBinding("ecdsap256"),
      server: tokenBinding("rsa2048_pss"),
      options: only(version),
    });
    expect(ends.server.negotiated).toBeUndefined();
    expect(ends.server.received).toBe("01000102");
    expect(await codes()).toEqual([]);
  });

  test.each(["", "0100", "01000102", "00".repeat(300)])(
    "the offer '%s' is passed over as OpenSSL passes over any extension that it does not know",
    async (offer) => {
      let answered: number[] = [];
      const through = async (port: number) => {
        const tape = await helloProxy(port, ({ from, extensions }) => {
          if (from === "server") answered = extensions.map(([type]) => type);
        });
        return tape.port;
      };
      const { client, server } = await handshake({
        client: raw({ offer }),
        server: plain,
        options: only(version),
        through,
      });
      expect(client.error ?? server.error ?? client.received ?? server.received).toBeUndefined();
      expect(answered).not.toContain(24);
      client.socket!.write("works");
      expect(String((await once(client.socket!, "data"))[0])).toBe("works");
    },
  );

  test("a ClientHello whose lengths point beyond its end is refused by OpenSSL, and read no further", async () => {
    const server = plain(() => tls.createServer(options));
    const port = await listenInTest(server);
    const head = `0303${"11".repeat(32)}`;
    // Of the session ID, the cipher suites, the compression methods, the extensions, one extension; and cut short.
    const bodies = [
      "ff",
      "00ffff",
      "00000213ff",
      "0000021301ff",
      "00000213010100ffff",
      "0000021301010000040018ffff",
    ];
    for (const body of ["", ...bodies, ...bodies.map((each) => each.slice(0, -2))]) {
      const hello = Buffer.from(head + body, "hex");
      const socket = net.connect(port, "127.0.0.1").on("error", () => undefined);
      const refused = once(server, "tlsClientError");
      const uint16 = (value: number) => [value >> 8, value & 0xff];
      socket.write(
        Buffer.concat([
          Buffer.from([22, 3, 1, ...uint16(hello.length + 4), 1, 0, ...uint16(hello.length)]),
          hello,
        ]),
      );
      await refused;
      socket.destroy();
    }
    expect(await codes()).toEqual([]);
  });

  test("a connection that did not offer costs nothing", async () => {
    const before = liveState().allocations;
    const { server } = await handshake({ client: plain, server: plain, options: only(version) });
    expect(server.error).toBeUndefined();
    expect(liveState().allocations).toBeLessThanOrEqual(before);
    onTestFinished(() => void server.socket?.destroy());
  });
});
