import type { KeyParameters } from "@tokbind/codec";
import tls from "node:tls";
import { describe, expect, expectTypeOf, test } from "vitest";
import { certificate } from "@tokbind/testing";
import { connect, handshake, Listener, plain, tokenBinding } from "@tokbind/testing/handshake";
import { listenInTest } from "@tokbind/testing/vitest";
import { withTokenBinding } from "@tokbind/tls";
import { withRawExtension } from "@tokbind/tls/raw";

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

  test("says so when create makes no TLS context", () => {
    expect(() => withTokenBinding(() => 1)).toThrow(invalidArgument);
    expect(() => withTokenBinding(() => 1)).toThrow(/before it returns/);
  });

  test("refuses a function that returns a promise, whether it made a context before or after", () => {
    const early = async () => {
      const context = tls.createSecureContext();
      await Promise.resolve();
      return context;
    };
    const late = async () => {
      await Promise.resolve();
      return tls.createSecureContext();
    };
    for (const create of [early, late]) {
      // @ts-expect-error -- the types refuse it too
      expect(() => withTokenBinding(create)).toThrow(invalidArgument);
      // @ts-expect-error -- as above, refused by type
      expect(() => withRawExtension(create, {})).toThrow(invalidArgument);
      // @ts-expect-error -- as above, refused by type
      expect(() => withTokenBinding(create)).toThrow(/not covered.* isn't async/);
    }
    // A union with a promise in it is refused as well, and a promise that create only holds is not.
    const maybe = (): tls.SecureContext | Promise<tls.SecureContext> => late();
    // @ts-expect-error -- as above, refused by type
    expect(() => withTokenBinding(maybe)).toThrow(invalidArgument);
    const { context } = withTokenBinding(() => ({ context: tls.createSecureContext(), later: late() }));
    expect(context).toHaveProperty("context");
  });

  test("takes an object that is thenable, as a Fastify instance is", () => {
    const instance = withTokenBinding(() => ({
      server: tls.createServer(certificate),
      then: () => undefined,
    }));
    expect(instance.server).toBeInstanceOf(tls.Server);
  });

  test("its type is the type of what create returns", () => {
    expectTypeOf(withTokenBinding(() => tls.createServer(certificate))).toEqualTypeOf<tls.Server>();
    expectTypeOf(withTokenBinding(() => [tls.createSecureContext(), 1] as const)).toEqualTypeOf<
      readonly [tls.SecureContext, 1]
    >();
    expectTypeOf(
      withRawExtension(() => tls.createSecureContext(), { offer: undefined }),
    ).toEqualTypeOf<tls.SecureContext>();
  });

  test.each([
    ["no function", [undefined]],
    ["the options first", [{}, () => tls.createSecureContext()]],
    ["a list for options", [() => tls.createSecureContext(), ["ecdsap256"]]],
    ["an unknown option", [() => tls.createSecureContext(), { keyparameters: ["ecdsap256"] }]],
    ["key parameters that are no list", [() => tls.createSecureContext(), { keyParameters: "ecdsap256" }]],
    ["a version in another spelling", [() => tls.createSecureContext(), { maxTlsVersion: "1.2" }]],
    ["a version that cannot be chosen", [() => tls.createSecureContext(), { maxTlsVersion: "TLSv1.1" }]],
  ])("refuses %s", (_name, args) => {
    expect(() => withTokenBinding(...(args as unknown as Parameters<typeof withTokenBinding>))).toThrow(
      invalidArgument,
    );
  });

  test("withRawExtension takes the longest body", () => {
    const offer = Buffer.alloc(0xffff);
    expect(withRawExtension(() => tls.createSecureContext(), { offer })).toHaveProperty("context");
  });

  test.each([
    ["no bodies", [() => tls.createSecureContext()]],
    ["an unknown body", [() => tls.createSecureContext(), { offers: Buffer.of() }]],
    ["a body in hexadecimal", [() => tls.createSecureContext(), { offer: "01000102" }]],
    ["a body that is too long", [() => tls.createSecureContext(), { answer: Buffer.alloc(0x1_0000) }]],
  ])("withRawExtension refuses %s", (_name, args) => {
    expect(() => withRawExtension(...(args as unknown as Parameters<typeof withRawExtension>))).toThrow(
      invalidArgument,
    );
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
    const port = await listenInTest(new Listener(tokenBinding()).server);
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
