import { checkKeyParametersList, type KeyParameters, TokenBindingError } from "@tokbind/codec";
import type { TokenBindingKeyStore } from "./token-binding-key-store.ts";

/**
 * What to offer with the keys of a store: what it can keep, unless an application names some of that.
 *
 * @throws TokenBindingError `invalid_argument` when the store cannot keep what is named
 */
export function offeredKeyParameters(
  keyStore: TokenBindingKeyStore,
  named: readonly KeyParameters[] | undefined,
): readonly KeyParameters[] | undefined {
  const { keyParameters: kept } = keyStore;
  if (kept === undefined) return named;
  checkKeyParametersList(kept);
  const impossible = named?.find((each) => !kept.includes(each));
  if (impossible === undefined) return named ?? kept;
  throw new TokenBindingError(
    "invalid_argument",
    `keyParameters: expected some of ${kept.join(", ")}, which the key store keeps, got ${impossible}`,
  );
}
