import { type KeyParameters, keyParametersCodes, TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import type { TokenBindingKey } from "@tokbind/crypto";
import type { TokenBindingKeyStore } from "../keys/token-binding-key-store.ts";
import { asError, kindOf } from "./as-error.ts";
import type { GetKey } from "./connection.ts";

/** Gets the keys of one origin; both the store and the scope function may be an application's. */
export function keyGetter(
  keyStore: TokenBindingKeyStore,
  scope: (origin: URL) => string,
  origin: URL,
): GetKey {
  let known: string | undefined;
  return async (keyParameters) => {
    known ??= scopeFor(scope, origin);
    let key: unknown;
    try {
      key = await keyStore.get(known, keyParameters);
    } catch (error) {
      throw asError("key_store", "key store: get()", error);
    }
    checkKey(key, keyParameters);
    return key;
  };
}

function scopeFor(scope: (origin: URL) => unknown, origin: URL): string {
  let result: unknown;
  try {
    result = scope(new URL(origin));
  } catch (error) {
    throw asError("invalid_argument", "scope", error);
  }
  if (typeof result === "string") return result;
  ignoreRejection(result);
  throw new TokenBindingError("invalid_argument", `scope: expected a string, got ${kindOf(result)}`);
}

function checkKey(key: unknown, keyParameters: KeyParameters): asserts key is TokenBindingKey {
  const { keyParameters: type, id, sign } = (key ?? {}) as Partial<TokenBindingKey>;
  if (typeof sign !== "function" || !(id?.bytes instanceof Uint8Array)) {
    throw storeError(keyParameters, kindOf(key));
  }
  if (type !== keyParameters || id.keyParameters !== keyParametersCodes[keyParameters]) {
    throw storeError(keyParameters, `one of type ${described(type)}`);
  }
}

function storeError(keyParameters: KeyParameters, got: string): TokenBindingError {
  return new TokenBindingError(
    "key_store",
    `key store: expected a key of type ${keyParameters}, which was negotiated, got ${got}`,
  );
}

/** A promise that stands in the place of something else is refused already; its own failure is of no interest. */
export function ignoreRejection(value: unknown): void {
  if (value instanceof Promise) value.catch(() => undefined);
}
