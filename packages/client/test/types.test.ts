import {
  Agent,
  type Dispatcher,
  type fetch as undiciFetch,
  FormData as UndiciFormData,
  Request as UndiciRequest,
} from "undici";
import { expect, expectTypeOf, test } from "vitest";
import {
  type Fetch,
  FileKeyStore,
  type KeyParameters,
  type MemoryKeyStore,
  scopeOf,
  type SentRequest,
  type TlsOptions,
  TokenBindingAgent,
  type TokenBindingAgentOptions,
  TokenBindingError,
  type TokenBindingKeyStore,
} from "../src/index.ts";

// tsc judges this file; that it runs shows that nothing of it is only a type.

test("every option may be undefined", () => {
  const options: Required<{ [Name in keyof TokenBindingAgentOptions]: undefined }> = {
    keyStore: undefined,
    keyParameters: undefined,
    connect: undefined,
    connections: undefined,
    allowH2: undefined,
    scope: undefined,
    observe: undefined,
    proxy: undefined,
    proxyTls: undefined,
  };
  expect(new TokenBindingAgent(options)).toBeInstanceOf(Agent);
  expectTypeOf<{ [Name in keyof TlsOptions]: undefined }>().toExtend<TlsOptions>();
  expectTypeOf<TokenBindingAgent>().toExtend<Dispatcher>();
});

test("what cannot work is no option", () => {
  // @ts-expect-error -- ALPN is decided by allowH2
  expect(() => new TokenBindingAgent({ connect: { ALPNProtocols: ["h2"] } })).toThrow(TokenBindingError);
  // @ts-expect-error -- the agent makes the context
  expect(() => new TokenBindingAgent({ connect: { secureContext: undefined } })).toThrow(TokenBindingError);
  // @ts-expect-error -- one request at a time
  expect(() => new TokenBindingAgent({ pipelining: 10 })).toThrow(TokenBindingError);
  // @ts-expect-error -- one options object
  expect(() => new FileKeyStore("keys")).toThrow(TokenBindingError);
  expectTypeOf<"session" | "socketPath" | "host" | "port" | "socket">().not.toExtend<keyof TlsOptions>();
  expectTypeOf<TlsOptions["timeout"]>().toEqualTypeOf<number | undefined>();
});

test("fetch is both the platform's and undici's", () => {
  const { fetch } = new TokenBindingAgent();
  expectTypeOf(fetch).toEqualTypeOf<Fetch>();
  expectTypeOf<Fetch>().toExtend<typeof globalThis.fetch>();
  expectTypeOf<Fetch>().toExtend<typeof undiciFetch>();
  /* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- objects of undici */
  const uses = () => [
    fetch("https://example.com/", { method: "POST", body: new FormData(), signal: AbortSignal.timeout(1) }),
    fetch(new Request("https://example.com/"), { headers: new Headers() }),
    fetch(new URL("https://example.com/"), { method: "POST", body: new UndiciFormData() }),
    fetch(new UndiciRequest("https://example.com/")),
  ];
  /* eslint-enable */
  expect(uses).toBeTypeOf("function");
  expectTypeOf(fetch(new Request("data:,"))).resolves.toExtend<{ json(): Promise<unknown> }>();
});

test("stores and callbacks", () => {
  expectTypeOf<MemoryKeyStore>().toExtend<TokenBindingKeyStore>();
  expectTypeOf<FileKeyStore>().toExtend<TokenBindingKeyStore>();
  expectTypeOf(scopeOf).toExtend<NonNullable<TokenBindingAgentOptions["scope"]>>();
  expectTypeOf<SentRequest["negotiated"]>().toExtend<{ keyParameters: KeyParameters } | undefined>();
});
