import { once } from "node:events";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { describe, expect, test } from "vitest";
import { certificate } from "@tokbind/testing";
import { connect, handshake, Listener, tokenBinding } from "@tokbind/testing/handshake";
import { listenInTest } from "@tokbind/testing/vitest";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { receivedExtension } from "@tokbind/tls/raw";

describe("negotiatedTokenBinding", () => {
  test("is undefined until the handshake is complete, and right from then on", async () => {
    const listener = new Listener(tokenBinding());
    const port = await listenInTest(listener.server);
    const seen: unknown[] = [];
    const connecting = connect((create) => {
      const socket = tokenBinding()(create) as tls.TLSSocket;
      const look = () => seen.push(negotiatedTokenBinding(socket));
      look();
      socket.on("connect", look);
      return socket as never;
    }, port);
    const { negotiated } = await connecting;
    expect(seen).toEqual([undefined, undefined]);
    expect(negotiated?.keyParameters).toBe("ecdsap256");
  });

  test("[TBN-4-11] stays what it was after the socket is destroyed", async () => {
    const { client } = await handshake({});
    client.socket!.destroy();
    await new Promise(setImmediate);
    expect(negotiatedTokenBinding(client.socket)).toBe(client.negotiated);
    expect(Object.isFrozen(client.negotiated)).toBe(true);
  });

  test("is undefined for a socket that was destroyed before anybody asked", async () => {
    const listener = new Listener(tokenBinding());
    const port = await listenInTest(listener.server);
    const socket = tokenBinding()(() => tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false }));
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    socket.destroy();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(negotiatedTokenBinding(socket)).toBeUndefined();
  });

  test("everybody gets the same object, which nobody can change", async () => {
    const { client } = await handshake({});
    const negotiated = client.negotiated!;
    const { ekm } = negotiated;
    negotiated.ekm.fill(0);
    expect(negotiated.ekm).toEqual(ekm);
    expect(negotiated.ekm).toHaveLength(32);
    expect(negotiated.ekm).not.toBeInstanceOf(Buffer);
    expect(ekm.buffer.byteLength).toBe(32);
    expect(Object.isFrozen(negotiated) && Object.isFrozen(negotiated.version)).toBe(true);
    expect(negotiatedTokenBinding(client.socket)).toBe(negotiated);
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["an object", {}],
    ["a string", "socket"],
    ["a plain socket", new net.Socket()],
    ["a TLSSocket without a connection", new tls.TLSSocket(undefined as never)],
    ["something that looks like a TLSSocket", { alpnProtocol: false, getFinished: 1 }],
    ["an object with a TLSSocket's prototype", Object.create(tls.TLSSocket.prototype)],
  ])("is undefined for %s, and so is receivedExtension", (_name, socket) => {
    expect(negotiatedTokenBinding(socket as net.Socket)).toBeUndefined();
    expect(receivedExtension(socket as net.Socket)).toBeUndefined();
  });

  test("is undefined for http2's socket of a session that is destroyed", async () => {
    const server = withTokenBinding(() => http2.createSecureServer(certificate));
    const port = await listenInTest(server);
    const session = withTokenBinding(() =>
      http2.connect(`https://localhost:${port}`, { ca: certificate.cert, host: "127.0.0.1" }),
    );
    await once(session, "connect");
    const { socket } = session;
    session.destroy();
    await once(session, "close");
    expect(() => socket.readyState).toThrow(/ERR_HTTP2_SOCKET_UNBOUND|socket/i);
    expect(negotiatedTokenBinding(socket)).toBeUndefined();
    expect(receivedExtension(socket)).toBeUndefined();
  });
});
