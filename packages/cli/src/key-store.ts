import { FileKeyStore, SshAgentKeyStore } from "@tokbind/client";
import { TokenBindingError } from "@tokbind/codec";
import { readPrivateFile } from "./key-file.ts";

const prefix = "ssh-agent:";

/** What follows `ssh-agent:`, which may be nothing; undefined for the name of a file. */
export function afterSshAgent(text: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}

/**
 * The key store of a command line: a directory, or `ssh-agent:` and the agent's socket if it is not SSH_AUTH_SOCK.
 *
 * @param passphraseFile - whose first line the keys in the directory are encrypted with
 */
export async function openKeyStore(
  text: string,
  passphraseFile: string | undefined,
): Promise<FileKeyStore | SshAgentKeyStore> {
  const socket = afterSshAgent(text);
  if (passphraseFile === undefined) {
    if (socket === undefined) return new FileKeyStore({ directory: text });
    return new SshAgentKeyStore(socket === "" ? {} : { socket });
  }
  if (socket !== undefined) {
    throw new TokenBindingError(
      "invalid_argument",
      "--passphrase-file: expected a directory of keys, got an agent",
    );
  }
  const [passphrase] = (await readPrivateFile(passphraseFile)).split(/\r?\n/, 1);
  return new FileKeyStore({ directory: text, passphrase: passphrase! });
}
