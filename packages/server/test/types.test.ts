import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest, ServerHttp2Stream } from "node:http2";
import { expectTypeOf, test } from "vitest";
import {
  type bindSession,
  type BindSessionOptions,
  BoundSession,
  type BoundSessionOptions,
  type checkBoundToken,
  type checkSession,
  type Confirmation,
  type KeyParameters,
  type NodeRequest,
  type ProvidedTokenBinding,
  TokenBindingError,
  type TokenBindingErrorCode,
  TokenBindingVerifier,
  type TokenBindingVerifierOptions,
  type VerifiedTokenBindings,
  withTokenBinding,
} from "../src/index.ts";

// Checked by the compiler (npm run check:types): one import is enough for a server, and every option may be undefined.

test("requests of every API of Node can be verified", () => {
  expectTypeOf<IncomingMessage>().toExtend<NodeRequest>();
  expectTypeOf<Http2ServerRequest>().toExtend<NodeRequest>();
  expectTypeOf<{ stream: ServerHttp2Stream; rawHeaders: string[] }>().toExtend<NodeRequest>();
});

test("what verify returns has a provided binding, which is a proof", () => {
  const { verify } = new TokenBindingVerifier();
  expectTypeOf(verify).returns.toEqualTypeOf<VerifiedTokenBindings | undefined>();
  expectTypeOf<VerifiedTokenBindings["provided"]>().toEqualTypeOf<ProvidedTokenBinding>();
  expectTypeOf<ProvidedTokenBinding>().toExtend<Parameters<typeof checkBoundToken>[1]>();
  expectTypeOf<ProvidedTokenBinding["keyParameters"]>().toEqualTypeOf<KeyParameters>();
  // @ts-expect-error -- what is proven is frozen
  const write = (binding: ProvidedTokenBinding) => (binding.tbh = "");
  expectTypeOf(write).toBeFunction();
});

test("options may be undefined, and no others exist", () => {
  const nothing: Required<{ [Name in keyof TokenBindingVerifierOptions]: undefined }> = {
    required: undefined,
    onInvalid: undefined,
    maxMessageLength: undefined,
    maxTokenBindings: undefined,
    maxKnownKeys: undefined,
    verifyUnknownTypes: undefined,
  };
  expectTypeOf(nothing).toExtend<TokenBindingVerifierOptions>();
  const session: Required<{ [Name in keyof Omit<BoundSessionOptions, "secrets">]: undefined }> = {
    store: undefined,
    cookie: undefined,
    maxLifetime: undefined,
    clockTolerance: undefined,
    acceptUnbound: undefined,
  };
  expectTypeOf({ ...session, secrets: [new Uint8Array(32)] }).toExtend<BoundSessionOptions>();
  expectTypeOf<{ acceptUnbound: undefined; rebind: undefined }>().toExtend<BindSessionOptions>();
  expectTypeOf<{ tbh: undefined; "x5t#S256": undefined }>().toExtend<Confirmation>();
  // @ts-expect-error -- misspelled
  expectTypeOf(() => new TokenBindingVerifier({ requierd: true })).toBeFunction();
});

test("errors tell their code by type, and frameworks may assign the status", () => {
  const error = new TokenBindingError("token_invalid", "no");
  expectTypeOf(error.code).toEqualTypeOf<TokenBindingErrorCode>();
  error.status = 401;
  // @ts-expect-error -- codes are a closed set
  expectTypeOf(() => new TokenBindingError("nonsense", "no")).toBeFunction();
});

test("withTokenBinding returns what create returns", () => {
  expectTypeOf(withTokenBinding<number>).returns.toEqualTypeOf<number>();
});

test("sessions have the claims of the application, and take whatever a request proved", () => {
  const session = new BoundSession<{ sub: string; roles: string[] }>({ secrets: [new Uint8Array(32)] });
  type Proof = Parameters<typeof session.issue>[1];
  expectTypeOf<VerifiedTokenBindings | undefined>().toExtend<Proof>();
  expectTypeOf<ProvidedTokenBinding | undefined>().toExtend<Proof>();
  expectTypeOf<{ tbh: string | undefined; "x5t#S256": string | undefined }>().toExtend<Proof>();
  expectTypeOf(session.read).returns.resolves.toExtend<
    { sub: string; roles: string[]; exp: number; cnf?: Confirmation | undefined } | undefined
  >();
  // @ts-expect-error -- no such claims
  expectTypeOf(() => session.issue({ sub: "alice" }, undefined)).toBeFunction();
  expectTypeOf<Parameters<typeof bindSession>[1]>().toEqualTypeOf<Proof>();
  expectTypeOf<Parameters<typeof checkSession>[1]>().toEqualTypeOf<Proof>();
});
