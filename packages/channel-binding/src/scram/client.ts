import { randomBytes, timingSafeEqual } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, isBoolean, type OptionRule } from "@tokbind/codec/options";
import { type ChannelBindingData, isBinding, resolveBinding, type SocketBinding } from "./client-binding.ts";
import { errorOfServer } from "./errors.ts";
import {
  clientKey,
  digest,
  hmac,
  isIterationCount,
  maximumIterations,
  minimumIterations,
  saltedPassword,
  serverKey,
  xor,
} from "./keys.ts";
import { type Mechanism, mechanisms, type ScramMechanism, scramNames } from "./mechanisms.ts";
import { prepared } from "./prepared.ts";
import { encodeName, parseServerFinal, parseServerFirst } from "./syntax.ts";

/** Options of a {@link ScramClient}. */
export interface ScramClientOptions {
  /** The SASL mechanisms that the server offers. The best of them that is known here is used. */
  readonly mechanisms: readonly string[];
  readonly username: string;
  readonly password: string;
  /** What the login is bound to. Only with `acceptUnbound` it can be left out. */
  readonly channelBinding?: SocketBinding | ChannelBindingData | undefined;
  /**
   * Log in without a channel binding where the server offers no -PLUS mechanism, or where there is no `channelBinding`.
   * Such a login can be relayed by a man in the middle. Default false.
   */
  readonly acceptUnbound?: boolean | undefined;
  /** The identity to act as, where that is another (RFC 5801 section 4). */
  readonly authzid?: string | undefined;
}

const isText: OptionRule = {
  expected: "a string, not empty",
  test: (value) => typeof value === "string" && value !== "",
};

const rules: Readonly<Record<keyof ScramClientOptions, OptionRule>> = {
  mechanisms: {
    expected: "an array of names",
    test: (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
    required: true,
  },
  username: { ...isText, required: true },
  password: { ...isText, required: true },
  channelBinding: { expected: "{ socket, type } or { type, data }", test: isBinding },
  acceptUnbound: isBoolean,
  authzid: isText,
};

type State = "new" | "first sent" | "final sent" | "over";

/**
 * The client's end of one SCRAM login (RFC 5802, RFC 7677), bound to its TLS connection unless told otherwise.
 *
 * `first()`, then `final(serverFirst)`, then `verify(serverFinal)`: only when that returns, the server has shown that it
 * knows the password, and the login counts.
 *
 * @example
 * ```ts
 * const scram = new ScramClient({ mechanisms, username, password, channelBinding: { socket } });
 * send(scram.mechanism, scram.first());
 * send(await scram.final(await receive()));
 * scram.verify(await receive());
 * ```
 */
export class ScramClient {
  /** The mechanism that was chosen. */
  readonly mechanism: ScramMechanism;
  readonly #hash: Mechanism["hash"];
  readonly #password: string;
  /** The data at the moment of use, empty without a binding. */
  readonly #bindingData: () => Uint8Array;
  readonly #gs2Header: string;
  readonly #nonce = randomBytes(18).toString("base64");
  readonly #bare: string;
  #state: State = "new";
  #serverSignature: Buffer | undefined;

  /**
   * @throws TokenBindingError `mechanism_not_offered` when no mechanism of the server's does what the options ask for:
   * that is never answered by doing less; `invalid_argument`; of {@link channelBinding} its codes
   */
  constructor(options: ScramClientOptions) {
    checkOptions("ScramClient", options, rules);
    const { username, password, channelBinding: binding, acceptUnbound = false, authzid } = options;
    if (binding === undefined && !acceptUnbound) {
      throw new TokenBindingError(
        "invalid_argument",
        "ScramClient: expected a channelBinding, or acceptUnbound: true for a login that a man in the middle can relay",
      );
    }
    const { name, hash, isPlus } = chooseMechanism(options.mechanisms, binding !== undefined, acceptUnbound);
    this.mechanism = name;
    this.#hash = hash;
    this.#password = prepared(password, "password");
    const used = isPlus && binding !== undefined ? resolveBinding(binding) : undefined;
    this.#bindingData = used?.data ?? (() => new Uint8Array());
    // RFC 5802 section 6: "y" tells a server that does support it that somebody has changed what it offers.
    const flag = used ? `p=${used.type}` : binding === undefined ? "n" : "y";
    this.#gs2Header = `${flag},${authzid === undefined ? "" : `a=${encodeName(prepared(authzid, "authzid"))}`},`;
    this.#bare = `n=${encodeName(prepared(username, "username"))},r=${this.#nonce}`;
  }

  /** client-first-message */
  readonly first = (): string => {
    this.#go("new", "first sent", "first() once, before anything else");
    return this.#gs2Header + this.#bare;
  };

  /**
   * client-final-message
   *
   * @param serverFirst server-first-message
   * @throws TokenBindingError `invalid_encoding`, `extensions_not_supported`, `nonce_mismatch` (the server did not answer
   * this login), `iteration_count` (below 4,096 or above 2,000,000), what the server says by `e=`
   */
  readonly final = async (serverFirst: string): Promise<string> => {
    this.#go("first sent", "over", "final() once, after first()");
    // A server that refuses the first message may say why.
    if (typeof serverFirst === "string" && serverFirst.startsWith("e=")) this.#refuseError(serverFirst);
    const { nonce, salt, iterations } = parseServerFirst(serverFirst);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new TokenBindingError(
        "nonce_mismatch",
        "expected the server's nonce to begin with the client's and to be longer, got another",
      );
    }
    if (!isIterationCount(iterations)) {
      throw new TokenBindingError(
        "iteration_count",
        `expected ${minimumIterations} to ${maximumIterations} iterations, the server asks for ${iterations}`,
      );
    }
    const salted = await saltedPassword(this.#hash, this.#password, salt, iterations);
    const c = Buffer.concat([Buffer.from(this.#gs2Header), this.#bindingData()]).toString("base64");
    const withoutProof = `c=${c},r=${nonce}`;
    const authMessage = `${this.#bare},${serverFirst},${withoutProof}`;
    const key = clientKey(this.#hash, salted);
    const proof = xor(key, hmac(this.#hash, digest(this.#hash, key), authMessage));
    this.#serverSignature = hmac(this.#hash, serverKey(this.#hash, salted), authMessage);
    this.#state = "final sent";
    return `${withoutProof},p=${proof.toString("base64")}`;
  };

  /**
   * Returns if the server has shown that it knows the password, and throws otherwise.
   *
   * @param serverFinal server-final-message
   * @throws TokenBindingError `server_signature_invalid` for a server that does not know the password; what the server
   * says by `e=`: `invalid_proof` (wrong name or password), `channel_bindings_dont_match` (something between the two ends
   * TLS), `server_does_support_channel_binding` (what it offers was changed on the way), …; `invalid_encoding`
   */
  readonly verify = (serverFinal: string): void => {
    this.#go("final sent", "over", "verify() once, after final()");
    const signature = this.#refuseError(serverFinal);
    const expected = this.#serverSignature!;
    if (signature.length === expected.length && timingSafeEqual(signature, expected)) return;
    throw new TokenBindingError(
      "server_signature_invalid",
      "expected a server that knows the password, got one whose signature (v=) is wrong or missing: do not trust this connection",
    );
  };

  /** The signature of server-final-message, unless it tells an error. */
  #refuseError(serverFinal: string): Buffer {
    const { error, signature } = parseServerFinal(serverFinal);
    if (error !== undefined) throw errorOfServer(error);
    return signature;
  }

  #go(from: State, to: State, expected: string): void {
    if (this.#state !== from) {
      throw new TokenBindingError("invalid_argument", `ScramClient: expected ${expected}`);
    }
    this.#state = to;
  }
}

function chooseMechanism(offered: readonly string[], canBind: boolean, acceptUnbound: boolean): Mechanism {
  const known = mechanisms.filter(({ name }) => offered.includes(name));
  // Most preferred first, so -PLUS before all others.
  const chosen = known.find(({ isPlus }) => (isPlus ? canBind : acceptUnbound));
  if (chosen !== undefined) return chosen;
  const wanted = mechanisms
    .filter(({ isPlus }) => (isPlus ? canBind : acceptUnbound))
    .map(({ name }) => name);
  throw new TokenBindingError(
    "mechanism_not_offered",
    `expected the server to offer one of ${wanted.join(", ")}, got ${known.map(({ name }) => name).join(", ") || `none of ${scramNames}`}`,
  );
}
