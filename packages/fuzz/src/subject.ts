import {
  decodeBase64url,
  decodeTokenBindingID,
  decodeTokenBindingMessage,
  decodeTokenBindingParameters,
  type TokenBindingID,
} from "@tokbind/codec";
import { KnownKeys, verifyTokenBindingMessage } from "@tokbind/server";

/** What is fuzzed. Tests put something broken in its place. */
export interface Subject {
  readonly decodeBase64url: typeof decodeBase64url;
  readonly decodeTokenBindingID: typeof decodeTokenBindingID;
  readonly decodeTokenBindingMessage: typeof decodeTokenBindingMessage;
  readonly decodeTokenBindingParameters: typeof decodeTokenBindingParameters;
  readonly verifyTokenBindingMessage: typeof verifyTokenBindingMessage;
}

export const subject: Subject = {
  decodeBase64url,
  decodeTokenBindingID,
  decodeTokenBindingMessage,
  decodeTokenBindingParameters,
  verifyTokenBindingMessage,
};

/** A server's memory of keys that counts what is done with them. It lives on, as a server's does. */
export class CountingKeys extends KnownKeys {
  imports = 0;
  verifications = 0;

  override get(id: TokenBindingID): ReturnType<KnownKeys["get"]> {
    this.imports++;
    const known = super.get(id);
    const { publicKey } = known;
    const verify = (data: Uint8Array, signature: Uint8Array) => {
      this.verifications++;
      return publicKey.verify(data, signature);
    };
    return { ...known, publicKey: { ...publicKey, verify } };
  }

  reset(): void {
    this.imports = 0;
    this.verifications = 0;
  }
}
