import type { PrivateKey } from "./backend/types.ts";
import { checkBytes } from "./check-arguments.ts";
import { privateMembers } from "./check-private-jwk.ts";
import type { TokenBindingKey } from "./types.ts";

/** A key whose private half stays in its closures, unless it is extractable. */
export class LocalKey implements TokenBindingKey {
  // Nobody else can make an object that has it.
  readonly #isLocal = true;
  readonly keyParameters: TokenBindingKey["keyParameters"];
  readonly id: TokenBindingKey["id"];
  readonly sign: TokenBindingKey["sign"];
  declare readonly exportJwk?: TokenBindingKey["exportJwk"];

  constructor(
    { keyParameters, id }: Pick<TokenBindingKey, "keyParameters" | "id">,
    privateKey: PrivateKey,
    extractable: boolean,
  ) {
    this.keyParameters = keyParameters;
    this.id = id;
    this.sign = async (data) => {
      checkBytes("data to sign", data);
      return privateKey.sign(data);
    };
    if (!extractable) return;
    this.exportJwk = async () => privateMembers(await privateKey.exportJwk(), keyParameters);
  }

  /** Whether this package signs with the key itself. */
  static is(key: object): boolean {
    return #isLocal in key;
  }
}
