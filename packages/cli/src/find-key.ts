import { SshAgentKeyStore } from "@tokbind/client";
import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import type { TokenBindingKey } from "@tokbind/crypto";
import { readKeyFile } from "./key-file.ts";
import { afterSshAgent } from "./key-store.ts";

/**
 * The key of a command line: a file from keygen, or `ssh-agent:COMMENT`.
 *
 * @param preferred - which one, where an agent has several with the comment
 */
export async function findKey(text: string, preferred?: KeyParameters): Promise<TokenBindingKey> {
  const comment = afterSshAgent(text);
  if (comment === undefined) return readKeyFile(text);
  const found = await new SshAgentKeyStore().keysOf(comment);
  const key = found.find(({ keyParameters }) => keyParameters === preferred) ?? found[0];
  if (key === undefined) {
    throw new TokenBindingError(
      "key_store",
      `${text}: expected a P-256 or RSA-2048 key with this comment, got none`,
    );
  }
  return key;
}
