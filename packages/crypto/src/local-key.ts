import type { PrivateKey } from "./backend/types.ts";
import { checkBytes } from "./check-arguments.ts";
import { privateMembers } from "./check-private-jwk.ts";
import type { TokenBindingKey } from "./types.ts";

/** A key whose private half stays in this closure, unless it is extractable. */
export function localKey(
  { keyParameters, id }: Pick<TokenBindingKey, "keyParameters" | "id">,
  privateKey: PrivateKey,
  extractable: boolean,
): TokenBindingKey {
  const key: TokenBindingKey = {
    keyParameters,
    id,
    sign: async (data) => {
      checkBytes("data to sign", data);
      return privateKey.sign(data);
    },
  };
  if (!extractable) return key;
  return { ...key, exportJwk: async () => privateMembers(await privateKey.exportJwk(), keyParameters) };
}
