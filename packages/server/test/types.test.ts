import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest, ServerHttp2Stream } from "node:http2";
import { expectTypeOf, test } from "vitest";
import {
  type BoundCookieOptions,
  type checkBoundToken,
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
  expectTypeOf<{ secret: Uint8Array; maxAge: undefined }>().toExtend<BoundCookieOptions>();
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
