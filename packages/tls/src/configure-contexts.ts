import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import { native } from "./native.ts";

/**
 * What `create` may return: anything but a promise, which becomes `never`. An async function makes its TLS contexts
 * after it returned, where they cannot be covered.
 */
export type NotAPromise<T> = T extends Promise<unknown> ? never : T;

/** What the addon is to do with the extension in the contexts that `create` makes; see native/token_binding.c. */
export interface ContextConfiguration {
  /** Whether RFC 8472 is kept to. If not, the bodies are sent as they are. */
  readonly checked: boolean;
  readonly belowTls13?: boolean;
  readonly offer?: Uint8Array | undefined;
  readonly renegotiationOffer?: Uint8Array | undefined;
  readonly answer?: Uint8Array | undefined;
}

/** Runs `create` with the addon watching; `caller` is named in the errors. */
export function configureContexts<T>(
  caller: string,
  create: () => NotAPromise<T>,
  { checked, belowTls13 = false, offer, renegotiationOffer, answer }: ContextConfiguration,
): T {
  if (typeof create !== "function") {
    throw invalid(`${caller}: expected a function that makes a TLS context, got ${described(create)}`);
  }
  let result: unknown;
  const run = () => {
    result = create();
  };
  const contexts = native().configure(run, checked, belowTls13, offer, renegotiationOffer, answer);
  // Not every thenable: a Fastify instance is one, and its server is made at once.
  if (result instanceof Promise) {
    throw invalid(
      `${caller}: expected create() to return what it made, got a promise: a TLS context that is made after an await is ` +
        "not covered. Await first what is needed, then call this with a function that isn't async",
    );
  }
  if (contexts === 0) {
    throw invalid(
      `${caller}: expected create() to make a TLS context before it returns, for example by https.createServer or tls.connect, got none`,
    );
  }
  return result as T;
}

function invalid(message: string): TokenBindingError {
  return new TokenBindingError("invalid_argument", message);
}
