import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, isBoolean, isFunction, type OptionRule } from "@tokbind/codec/options";
import { defaultIterations, saltLength, type ScramCredentials } from "./credentials.ts";
import { digest, hashLengths, hmac, isIterationCount, xor } from "./keys.ts";
import { type Mechanism, mechanisms, type ScramMechanism, scramNames } from "./mechanisms.ts";
import { prepared } from "./prepared.ts";
import { acceptedData, type AcceptedBindings, type AcceptedSocket, isAccepted } from "./server-binding.ts";
import { type ClientFirst, parseClientFinal, parseClientFirst } from "./syntax.ts";

/** Options of a {@link ScramServer}. */
export interface ScramServerOptions {
  /** What the client has chosen. */
  readonly mechanism: ScramMechanism;
  /** What a login can be bound to. Only with `acceptUnbound` it can be left out, for a connection without TLS. */
  readonly channelBinding?: AcceptedSocket | AcceptedBindings | undefined;
  /** What is kept of a user's password, for the hash of the mechanism; undefined for an unknown user. */
  readonly credentials: (
    username: string,
  ) => ScramCredentials | undefined | Promise<ScramCredentials | undefined>;
  /**
   * At least 16 random bytes, the same for all connections and all servers of a service: makes the salt that an unknown user
   * is shown (RFC 5802 section 9), so that nobody can tell who is known.
   */
  readonly secret: Uint8Array;
  /** The number of iterations that an unknown user is shown, which is that of the known ones. Default 4,096. */
  readonly iterations?: number | undefined;
  /** Also accept clients that cannot bind their login: what they send can be relayed. Default false. */
  readonly acceptUnbound?: boolean | undefined;
}

/** A login that succeeded. */
export interface ScramLogin {
  /** server-final-message: send it to the client. */
  readonly serverFinal: string;
  /** Who logged in, after SASLprep. */
  readonly username: string;
  /** Whom they ask to act as; whether they may, is the application's decision. */
  readonly authzid: string | undefined;
  /** The type of the channel binding, undefined for an unbound login. */
  readonly channelBinding: string | undefined;
}

const rules: Readonly<Record<keyof ScramServerOptions, OptionRule>> = {
  mechanism: {
    expected: `one of ${scramNames}`,
    test: (value) => mechanisms.some(({ name }) => name === value),
    required: true,
  },
  channelBinding: { expected: "{ socket } or a function", test: isAccepted },
  credentials: { ...isFunction, required: true },
  secret: {
    expected: "16 bytes or more",
    test: (value) => value instanceof Uint8Array && value.length >= 16,
    required: true,
  },
  iterations: { expected: "a whole number, 4,096 to 2,000,000", test: isIterationCount },
  acceptUnbound: isBoolean,
};

type State = "new" | "first seen" | "over";

/** What is known after the client's first message. */
interface Exchange {
  readonly clientFirst: ClientFirst;
  readonly serverFirst: string;
  readonly nonce: string;
  readonly credentials: ScramCredentials;
  readonly isKnown: boolean;
}

/**
 * The server's end of one SCRAM login (RFC 5802, RFC 7677) that is bound to its TLS connection.
 *
 * `first(clientFirst)`, then `final(clientFinal)`, which returns who has logged in. What they throw ends the login;
 * `scramServerError` makes of it what the client is told.
 *
 * @example
 * ```ts
 * const scram = new ScramServer({ mechanism, channelBinding: { socket }, credentials: (name) => users.get(name), secret });
 * send(await scram.first(await receive()));
 * const { serverFinal, username } = scram.final(await receive());
 * send(serverFinal);
 * ```
 */
export class ScramServer {
  readonly #options: ScramServerOptions;
  readonly #mechanism: Mechanism;
  #state: State = "new";
  #exchange: Exchange | undefined;

  /** @throws TokenBindingError `invalid_argument`, `undefined_for_certificate` for one of `certificates` */
  constructor(options: ScramServerOptions) {
    checkOptions("ScramServer", options, rules);
    if (options.channelBinding === undefined && options.acceptUnbound !== true) {
      throw new TokenBindingError(
        "invalid_argument",
        "ScramServer: expected a channelBinding, or acceptUnbound: true for logins that a man in the middle can relay",
      );
    }
    this.#options = { ...options };
    this.#mechanism = mechanisms.find(({ name }) => name === options.mechanism)!;
  }

  /**
   * Takes client-first-message and returns server-first-message.
   *
   * @throws TokenBindingError `invalid_encoding`, `extensions_not_supported`; `channel_bindings_dont_match` (unbound),
   * `server_does_support_channel_binding` (what this server offers was changed on its way to the client),
   * `channel_binding_not_supported`, `unsupported_channel_binding_type`
   */
  readonly first = async (clientFirst: string): Promise<string> => {
    this.#go("new", "over", "first() once, before final()");
    const parsed = parseClientFirst(clientFirst);
    this.#checkFlag(parsed);
    const username = preparedUsername(parsed.username);
    const known = await this.#options.credentials(username);
    if (known !== undefined) this.#checkCredentials(known);
    const credentials = known ?? this.#unknownUser(username);
    const nonce = parsed.nonce + randomBytes(18).toString("base64");
    const salt = Buffer.from(credentials.salt).toString("base64");
    const serverFirst = `r=${nonce},s=${salt},i=${credentials.iterations}`;
    this.#exchange = {
      clientFirst: { ...parsed, username },
      serverFirst,
      nonce,
      credentials,
      isKnown: known !== undefined,
    };
    this.#state = "first seen";
    return serverFirst;
  };

  /**
   * Takes client-final-message and returns who has logged in.
   *
   * @throws TokenBindingError `invalid_encoding`, `nonce_mismatch`, `channel_bindings_dont_match` (the client sees another
   * connection: something between the two ends TLS), `invalid_proof` (wrong name or password)
   */
  readonly final = (clientFinal: string): ScramLogin => {
    this.#go("first seen", "over", "final() once, after first()");
    const { clientFirst, serverFirst, nonce, credentials, isKnown } = this.#exchange!;
    const final = parseClientFinal(clientFinal);
    if (final.nonce !== nonce) {
      throw new TokenBindingError("nonce_mismatch", "expected the nonce of this login, got another");
    }
    this.#checkChannelBinding(clientFirst, final.channelBinding);
    const { hash } = this.#mechanism;
    const authMessage = `${clientFirst.bare},${serverFirst},${final.withoutProof}`;
    const signature = hmac(hash, credentials.storedKey, authMessage);
    const isProven =
      final.proof.length === signature.length &&
      timingSafeEqual(digest(hash, xor(final.proof, signature)), credentials.storedKey);
    if (!isProven || !isKnown) {
      throw new TokenBindingError("invalid_proof", "expected a known name and its password, got others");
    }
    return {
      serverFinal: `v=${hmac(hash, credentials.serverKey, authMessage).toString("base64")}`,
      username: clientFirst.username,
      authzid: clientFirst.authzid,
      channelBinding: clientFirst.type,
    };
  };

  /** RFC 5802 section 6. */
  #checkFlag({ flag, type }: ClientFirst): void {
    const { channelBinding, acceptUnbound = false } = this.#options;
    const { isPlus, name } = this.#mechanism;
    if (flag === "p") {
      if (!isPlus || channelBinding === undefined) {
        throw new TokenBindingError(
          "channel_binding_not_supported",
          `expected no channel binding with ${name}${isPlus ? " on this connection" : ""}, got p=${type ?? ""}`,
        );
      }
      acceptedData(channelBinding, type!);
    } else if (isPlus) {
      throw new TokenBindingError("channel_bindings_dont_match", `expected p= with ${name}, got ${flag}`);
    } else if (flag === "y" && channelBinding !== undefined) {
      throw new TokenBindingError(
        "server_does_support_channel_binding",
        "expected a client that knows of the -PLUS mechanisms here, got one that was told of none: what this server offers was changed on the way, or it offers too little",
      );
    } else if (!acceptUnbound) {
      throw new TokenBindingError(
        "channel_bindings_dont_match",
        "expected a login that is bound to its connection, got one without a channel binding",
      );
    }
  }

  #checkChannelBinding({ gs2Header, type }: ClientFirst, got: Buffer): void {
    const header = Buffer.from(gs2Header);
    // Computed again: nothing of a connection is remembered.
    const accepted =
      type === undefined ? [Buffer.alloc(0)] : acceptedData(this.#options.channelBinding!, type);
    if (accepted.some((data) => got.equals(Buffer.concat([header, data])))) return;
    throw new TokenBindingError(
      "channel_bindings_dont_match",
      "expected the channel binding of this connection, got another: something between client and server ends TLS",
    );
  }

  #checkCredentials({ salt, iterations, storedKey, serverKey }: ScramCredentials): void {
    const length = hashLengths[this.#mechanism.hash];
    const areRight =
      [storedKey, serverKey].every((key) => key instanceof Uint8Array && key.length === length) &&
      salt instanceof Uint8Array &&
      salt.length > 0 &&
      isIterationCount(iterations);
    if (areRight) return;
    throw new TokenBindingError(
      "invalid_argument",
      `ScramServer: expected credentials with a salt, 4,096 to 2,000,000 iterations and two keys of ${length} bytes, got others`,
    );
  }

  #unknownUser(username: string): ScramCredentials {
    const { secret, iterations = defaultIterations } = this.#options;
    const length = hashLengths[this.#mechanism.hash];
    const salt = createHmac("sha256", secret).update(username).digest().subarray(0, saltLength);
    return { salt, iterations, storedKey: randomBytes(length), serverKey: randomBytes(length) };
  }

  #go(from: State, to: State, expected: string): void {
    if (this.#state !== from) {
      throw new TokenBindingError("invalid_argument", `ScramServer: expected ${expected}`);
    }
    this.#state = to;
  }
}

function preparedUsername(username: string): string {
  try {
    return prepared(username, "username");
  } catch {
    throw new TokenBindingError(
      "invalid_encoding",
      "client-first-message: expected a name that SASLprep (RFC 4013) allows",
    );
  }
}
