import { resolve } from "node:path";
import { type KeyParameters, TokenBindingError } from "@tokbind/codec";
import { checkOptions, described, isBoolean, isCount, type OptionRule } from "@tokbind/codec/options";
import { exportPrivateJwk, generateKey, type TokenBindingKey } from "@tokbind/crypto";
import { isMaxAge } from "./lifetime.ts";
import { agentError, type SshAgentAddress } from "./ssh-agent/connection.ts";
import {
  addIdentity,
  agentKeyParameters,
  type Identity,
  identityKey,
  listIdentities,
  removeIdentity,
} from "./ssh-agent/identities.ts";
import type { StoredKey } from "./stored-key.ts";
import type { TokenBindingKeyStore } from "./token-binding-key-store.ts";

/** Options of {@link SshAgentKeyStore}. */
export interface SshAgentKeyStoreOptions {
  /** Path of the Unix socket, or name of the pipe on Windows. Default: what SSH_AUTH_SOCK says now. */
  readonly socket?: string | undefined;
  /**
   * Whether to make the key of a scope that has none, and hand it to the agent. Say false where all keys are in tokens:
   * a request then fails where a token has no key. Default: true.
   */
  readonly create?: boolean | undefined;
  /** Seconds after which the agent forgets a key that was made here. Default: keys do not expire. */
  readonly maxAge?: number | undefined;
  /** Most milliseconds to wait for the agent; a key that has to be confirmed, or touched, takes a while. Default: 30,000. */
  readonly timeout?: number | undefined;
}

const rules: Readonly<Record<keyof SshAgentKeyStoreOptions, OptionRule>> = {
  socket: { expected: "a path", test: (value) => typeof value === "string" && value !== "" },
  create: isBoolean,
  maxAge: { ...isMaxAge, test: (value) => isMaxAge.test(value) && (value as number) < 2 ** 32 },
  timeout: { ...isCount, expected: "milliseconds, 1 to 2147483647", test: isDelay },
};

const prefix = "tokbind:";
const maxCommentLength = 1024;

//
/**
 * Keys in an ssh-agent, in its memory or, through `ssh-add -s`, in a token or a TPM: this process signs with them and
 * cannot read them (RFC 8471 section 7.1). The key of a scope is the first whose comment is `tokbind:` and the scope,
 * such as `tokbind:example.com`; what is not printable ASCII, and `%`, stand in it percent-encoded.
 *
 * Use an agent of its own: an SSH client offers every key of its agent to every server, which links them, and gives up
 * after six.
 *
 * The agent signs with `ecdsap256` and `rsa2048_pkcs1.5`; PSS is not in its protocol. All methods throw
 * TokenBindingError `key_store` when the agent cannot be reached, refuses, or answers anything but its protocol.
 *
 * @example
 * // ssh-agent -a /run/user/1000/tokbind.sock
 * const keyStore = new SshAgentKeyStore({ socket: "/run/user/1000/tokbind.sock" });
 * const agent = new TokenBindingAgent({ keyStore });
 */
export class SshAgentKeyStore implements TokenBindingKeyStore {
  readonly keyParameters = agentKeyParameters;
  readonly #address: SshAgentAddress;
  readonly #create: boolean;
  readonly #maxAge: number | undefined;
  /** By comment and key parameters: the keys that were handed out. */
  readonly #known = new Map<string, { readonly blob: Buffer; readonly key: TokenBindingKey }>();
  readonly #creating = new Map<string, Promise<Identity>>();

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values, and when no socket is known */
  constructor(options: SshAgentKeyStoreOptions = {}) {
    checkOptions("SshAgentKeyStore", options, rules);
    const { socket = process.env["SSH_AUTH_SOCK"] ?? "", timeout = 30_000 } = options;
    if (socket === "") {
      throw new TokenBindingError(
        "invalid_argument",
        "SshAgentKeyStore: expected the option socket or the environment variable SSH_AUTH_SOCK, got neither",
      );
    }
    this.#address = { socket: resolve(socket), timeout };
    this.#create = options.create ?? true;
    this.#maxAge = options.maxAge;
  }

  async get(scope: string, keyParameters: KeyParameters): Promise<TokenBindingKey> {
    if (!(agentKeyParameters as readonly string[]).includes(keyParameters)) {
      const expected = agentKeyParameters.join(" or ");
      throw this.#error(
        `expected ${expected}, which an agent can sign with, got ${described(keyParameters)}`,
      );
    }
    const comment = commentOf(scope);
    const entry = `${keyParameters} ${comment}`;
    const { blob, id } =
      (await this.#find(comment, keyParameters)) ?? (await this.#add(entry, comment, keyParameters));
    const known = this.#known.get(entry);
    if (known?.blob.equals(blob)) return known.key;
    const key = identityKey(this.#address, { blob, keyParameters, id });
    this.#known.set(entry, { blob, key });
    return key;
  }

  async delete(scope: string): Promise<void> {
    const comment = commentOf(scope);
    await this.#remove((each) => each === comment);
  }

  /** Forgets all keys whose comment begins with `tokbind:`; the agent's other keys stay. */
  async clear(): Promise<void> {
    await this.#remove((each) => each.startsWith(prefix));
  }

  /** All keys whose comment begins with `tokbind:`. When they were made the agent does not tell. */
  async list(): Promise<readonly StoredKey[]> {
    const found = await listIdentities(this.#address, (comment) => comment.startsWith(prefix));
    return found.map(({ comment, keyParameters, id }) => ({
      scope: scopeOfComment(comment),
      keyParameters,
      id,
      created: undefined,
    }));
  }

  /** All keys with a comment, of a scope or not: to sign with a key that its owner names. */
  async keysOf(comment: string): Promise<readonly TokenBindingKey[]> {
    const found = await listIdentities(this.#address, (each) => each === comment);
    return found.map((identity) => identityKey(this.#address, identity));
  }

  async #find(comment: string, keyParameters: KeyParameters): Promise<Identity | undefined> {
    const found = await listIdentities(this.#address, (each) => each === comment);
    return found.find((each) => each.keyParameters === keyParameters);
  }

  #add(entry: string, comment: string, keyParameters: KeyParameters): Promise<Identity> {
    let identity = this.#creating.get(entry);
    if (identity === undefined) {
      identity = this.#addOne(comment, keyParameters).finally(() => this.#creating.delete(entry));
      this.#creating.set(entry, identity);
    }
    return identity;
  }

  async #addOne(comment: string, keyParameters: KeyParameters): Promise<Identity> {
    if (!this.#create) {
      throw this.#error(
        `expected a ${keyParameters} key with the comment ${comment}, got none; add it with ssh-add`,
      );
    }
    const key = await generateKey(keyParameters, { extractable: true });
    await addIdentity(this.#address, await exportPrivateJwk(key), comment, this.#maxAge);
    const all = await listIdentities(this.#address, (each) => each === comment);
    const [first, ...others] = all.filter((each) => each.keyParameters === keyParameters);
    if (first === undefined) throw this.#error("expected the key that was added, got none: it is gone again");
    // The agent keeps keys in the order they came, so every process that adds one at the same time takes the first.
    const isOwn = ({ id }: Identity) => Buffer.from(id.bytes).equals(key.id.bytes);
    for (const own of others.filter(isOwn)) await this.#removeOne(own);
    return first;
  }

  async #remove(isMeant: (comment: string) => boolean): Promise<void> {
    // Otherwise a key that is on its way would be there again after it was deleted.
    await Promise.allSettled(this.#creating.values());
    for (const identity of await listIdentities(this.#address, isMeant)) await this.#removeOne(identity);
    for (const entry of this.#known.keys()) {
      if (isMeant(entry.slice(entry.indexOf(" ") + 1))) this.#known.delete(entry);
    }
  }

  async #removeOne({ blob, comment }: Identity): Promise<void> {
    try {
      await removeIdentity(this.#address, blob);
    } catch (error) {
      // Another process may have been first.
      const left = await listIdentities(this.#address, (each) => each === comment);
      if (left.some((each) => each.blob.equals(blob))) throw error;
    }
  }

  #error(what: string): TokenBindingError {
    return agentError(this.#address, what);
  }
}

/** Every scope has a comment of its own. */
function commentOf(scope: string): string {
  let comment: string;
  try {
    comment = prefix + scope.replace(/[^\x21-\x24\x26-\x7e]/gu, encodeURIComponent);
  } catch {
    // Half of a surrogate pair has no UTF-8.
    throw unfit("one that is no Unicode text");
  }
  if (comment.length > maxCommentLength) throw unfit(`one of ${comment.length} characters`);
  return comment;
}

function scopeOfComment(comment: string): string {
  const encoded = comment.slice(prefix.length);
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function unfit(got: string): TokenBindingError {
  return new TokenBindingError(
    "key_store",
    `ssh-agent: scope: expected one that fits in a comment of ${maxCommentLength} characters, got ${got}`,
  );
}

function isDelay(value: unknown): boolean {
  return isCount.test(value) && (value as number) < 2 ** 31;
}
