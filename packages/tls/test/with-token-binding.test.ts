import type { KeyParameters } from "@tokbind/codec";
import * as tls from "node:tls";
import { describe, expect, test } from "vitest";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { connect, handshake, listen, Listener, plain, tokenBinding } from "./support/handshake.ts";

describe("withTokenBinding", () => {
  const invalidArgument = expect.objectContaining({
    name: "TokenBindingError",
    code: "invalid_argument",
  }) as Error;

  test("returns what create returns, and lets through what it throws", () => {
    const context = withTokenBinding(() => tls.createSecureContext());
    expect(context).toHaveProperty("context");
    const error = new RangeError("mine");
    const create = () => {
      throw error;
    };
    expect(() => withTokenBinding(create)).toThrow(error);
    expect(() => withTokenBinding(() => tls.createSecureContext({ cert: "no PEM" }))).toThrow(/PEM/);
  });

  test("says so when create makes no TLS context before it returns", () => {
    expect(() => withTokenBinding(() => 1)).toThrow(invalidArgument);
    const late = async () => {
      await Promise.resolve();
      return tls.createSecureContext();
    };
    expect(() => withTokenBinding(late)).toThrow(/before it returns/);
  });

  test.each([
    ["an empty list", []],
    ["an unknown name", ["ecdsap384"]],
    ["a name of Object.prototype", ["constructor"]],
    ["a name twice", ["ecdsap256", "ecdsap256"]],
  ])("refuses %s", (_name, list) => {
    const keyParameters = list as KeyParameters[];
    const create = () => tls.createSecureContext();
    expect(() => withTokenBinding(create, { keyParameters })).toThrow(invalidArgument);
  });

  test("nests: each context has the configuration of its innermost call", async () => {
    const [inner, outer] = withTokenBinding(
      () => {
        const context = withTokenBinding(() => tls.createSecureContext());
        return [context, tls.createSecureContext()] as const;
      },
      { keyParameters: ["rsa2048_pss"] },
    );
    const port = await listen(new Listener(tokenBinding()).server);
    const of = async (secureContext: tls.SecureContext) =>
      (await connect(plain, port, { secureContext, rejectUnauthorized: false })).negotiated?.keyParameters;
    expect(await of(inner)).toBe("ecdsap256");
    expect(await of(outer)).toBe("rsa2048_pss");
  });

  test("nothing made after it is affected, not even after it threw", async () => {
    const create = () => {
      tls.createSecureContext();
      throw new Error("mine");
    };
    expect(() => withTokenBinding(create)).toThrow("mine");
    const { client, server } = await handshake({ client: plain });
    expect(server.received).toBeUndefined();
    expect(client.negotiated).toBeUndefined();
  });
});

describe("negotiatedTokenBinding", () => {
  test("is undefined until the handshake is complete, and right from then on", async () => {
    const listener = new Listener(tokenBinding());
    const port = await listen(listener.server);
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
    expect(negotiatedTokenBinding(client.socket!)).toBe(client.negotiated);
    expect(Object.isFrozen(client.negotiated)).toBe(true);
  });

  test("is undefined for a socket that was destroyed before anybody asked", async () => {
    const listener = new Listener(tokenBinding());
    const port = await listen(listener.server);
    const socket = tokenBinding()(() => tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false }));
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    socket.destroy();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(negotiatedTokenBinding(socket)).toBeUndefined();
  });

  test("is undefined for a socket that is none of ours", () => {
    expect(negotiatedTokenBinding(new tls.TLSSocket(undefined as never))).toBeUndefined();
    expect(negotiatedTokenBinding({} as unknown as tls.TLSSocket)).toBeUndefined();
  });
});
