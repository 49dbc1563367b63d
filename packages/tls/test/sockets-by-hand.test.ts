// Sockets that neither tls.Server nor tls.connect sets up: STARTTLS, TLS in TLS, one port for plain text and TLS.

import { constants } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { certificate } from "@tokbind/testing";
import { connect, handshake, only, plain, tokenBinding, versions } from "@tokbind/testing/handshake";
import { listenInTest } from "@tokbind/testing/vitest";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

type Seen = ReturnType<typeof negotiatedTokenBinding>;

describe.each(versions)("%s", (version) => {
  const secureContext = withTokenBinding(() =>
    tls.createSecureContext({ ...certificate, ca: certificate.cert, ...only(version) }),
  );

  /** A server's socket over `raw`, and what it has negotiated when its handshake is complete. */
  function serve(raw: Duplex): Promise<Seen> {
    const socket = new tls.TLSSocket(raw, { isServer: true, secureContext });
    onTestFinished(() => void socket.destroy());
    expect(negotiatedTokenBinding(socket)).toBeUndefined();
    return once(socket, "secure").then(() => negotiatedTokenBinding(socket));
  }

  /** Runs a server of plain TCP for one connection. */
  async function serveOne(onConnection: (raw: net.Socket) => Promise<Seen>) {
    const server = net.createServer();
    const negotiated = once(server, "connection").then(([raw]) => onConnection(raw as net.Socket));
    return { port: await listenInTest(server), negotiated };
  }

  test("[TBN-4-11] STARTTLS: plain text first, on both sides", async () => {
    const { port, negotiated } = await serveOne(async (raw) => {
      raw.write("220 ready\r\n");
      await once(raw, "data");
      raw.pause();
      const upgraded = serve(raw);
      raw.write("220 go ahead\r\n");
      return upgraded;
    });
    const socket = net.connect(port, "127.0.0.1");
    await once(socket, "data");
    socket.write("STARTTLS\r\n");
    await once(socket, "data");
    const client = await connect(tokenBinding(), port, { socket });
    expect(client.negotiated?.keyParameters).toBe("ecdsap256");
    expect(await negotiated).toEqual(client.negotiated);
  });

  test("one port for plain text and TLS: the first byte decides", async () => {
    const { port, negotiated } = await serveOne(async (raw) => {
      const [first] = (await once(raw, "data")) as [Buffer];
      expect(first[0]).toBe(22);
      raw.pause();
      raw.unshift(first);
      return serve(raw);
    });
    const client = await connect(tokenBinding(), port);
    expect(client.negotiated?.keyParameters).toBe("ecdsap256");
    expect(await negotiated).toEqual(client.negotiated);
  });

  test.each([
    ["with Token Binding on both", tokenBinding()],
    ["with Token Binding on the inner one alone", plain],
  ])("TLS in TLS, %s", async (_name, outerWrapper) => {
    const outer = await handshake({ server: outerWrapper, client: outerWrapper, options: only(version) });
    outer.server.socket!.unpipe();
    const inner = serve(outer.server.socket!);
    const client = await connect(tokenBinding("rsa2048_pss"), 0, { socket: outer.client.socket! });
    expect(client.negotiated?.keyParameters).toBe("rsa2048_pss");
    expect(await inner).toEqual(client.negotiated);
    expect(client.negotiated?.ekm).not.toEqual(outer.client.negotiated?.ekm);
    expect(negotiatedTokenBinding(outer.client.socket)).toBe(outer.client.negotiated);
  });
});

test("undefined in the middle of the handshake, though both Finished messages are there, and right afterwards", async () => {
  const secureContext = withTokenBinding(() =>
    tls.createSecureContext({
      ...certificate,
      maxVersion: "TLSv1.2",
      secureOptions: constants.SSL_OP_NO_TICKET,
    }),
  );
  // Node hands a new session over between the two Finished messages and the end of the handshake.
  const server = tls.createServer();
  const listener = net.createServer();
  const negotiated = once(listener, "connection").then(async ([raw]) => {
    const options = { isServer: true, server, secureContext };
    const seen: unknown[] = [];
    server.on("newSession", (_id, _session, done: () => void) => {
      seen.push(socket.getFinished() && socket.getPeerFinished() && negotiatedTokenBinding(socket));
      seen.push(negotiatedTokenBinding(socket));
      done();
    });
    const socket = new tls.TLSSocket(raw as net.Socket, options);
    await once(socket, "secure");
    expect(seen).toEqual([undefined, undefined]);
    return negotiatedTokenBinding(socket);
  });
  const client = await connect(tokenBinding(), await listenInTest(listener));
  expect(client.negotiated?.keyParameters).toBe("ecdsap256");
  expect(await negotiated).toEqual(client.negotiated);
});
