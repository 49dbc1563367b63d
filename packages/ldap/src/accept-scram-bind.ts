import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import {
  type AcceptedBindings,
  type AcceptedSocket,
  channelBinding,
  type ChannelBindingType,
  gssChannelBindings,
  type ScramCredentials,
  type ScramLogin,
  type ScramMechanism,
  ScramServer,
  scramServerError,
  serverEndPoints,
} from "@tokbind/channel-binding";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, isBoolean, isFunction, type OptionRule } from "@tokbind/codec/options";
import { decode, type Element, encode, encodeNumber, malformed, tags, valueOf } from "./ber.ts";
import { resultCodes } from "./ldap-result.ts";
import type { LdapMessage, LdapSocket } from "./ldap-socket.ts";
import { isTimeout, requireTls, withSocket } from "./with-connection.ts";

/** Options of {@link acceptScramBind}. */
export interface AcceptScramBindOptions {
  /** The mechanisms on offer. Default: SCRAM-SHA-256-PLUS, and SCRAM-SHA-256 with `acceptUnbound`. */
  readonly mechanisms?: readonly ScramMechanism[] | undefined;
  /** What is kept of a user's password for a mechanism; undefined for an unknown user. */
  readonly credentials: (
    username: string,
    mechanism: ScramMechanism,
  ) => ScramCredentials | undefined | Promise<ScramCredentials | undefined>;
  /** See `ScramServer`. */
  readonly secret: Uint8Array;
  /** See `ScramServer`. */
  readonly iterations?: number | undefined;
  /** All certificates that this server may have served. Default: the one of the connection. */
  readonly certificates?: readonly (string | Uint8Array | X509Certificate)[] | undefined;
  /** See `channelBinding` of `@tokbind/channel-binding`. */
  readonly ed25519?: "SHA-512" | undefined;
  /** `"openldap"` also takes what OpenLDAP's clients send, see {@link bindScram}. */
  readonly dialect?: "openldap" | undefined;
  /** Also accept clients that cannot bind their login: what they send can be relayed. Default false. */
  readonly acceptUnbound?: boolean | undefined;
  /** Milliseconds for the whole bind. Default 30,000. */
  readonly timeout?: number | undefined;
}

const anything: OptionRule = { expected: "", test: () => true };

// What ScramServer checks itself is left to it.
const rules: Readonly<Record<keyof AcceptScramBindOptions, OptionRule>> = {
  mechanisms: {
    expected: "names of SCRAM mechanisms, at least one",
    test: (value) => Array.isArray(value) && value.length > 0,
  },
  credentials: { ...isFunction, required: true },
  secret: anything,
  iterations: anything,
  certificates: anything,
  ed25519: anything,
  dialect: { expected: '"openldap"', test: (value) => value === "openldap" },
  acceptUnbound: isBoolean,
  timeout: isTimeout,
};

/** Requests before a bind: of the root DSE, and of what is refused. */
const maximumRequests = 16;
const strongerAuthRequired = 8;

/**
 * The server's side of a bind: serves one connection until its client has bound itself with SCRAM, by a login that is bound
 * to this TLS connection. Before that only the root DSE is shown, with the mechanisms on offer.
 *
 * @returns who has bound; the socket then is the application's, with whatever the client sent after the bind
 * @throws TokenBindingError with the codes of `ScramServer`, after the client has been told; `mechanism_not_offered`,
 * `bind_refused` (the client does something else), `invalid_encoding`, `connection_lost`, `timed_out`. The socket is closed then.
 * @example
 * ```ts
 * tls.createServer({ key, cert }, async (socket) => {
 *   const { username } = await acceptScramBind(socket, { credentials, secret });
 *   serve(socket, username);
 * });
 * ```
 */
export async function acceptScramBind(
  socket: TLSSocket,
  options: AcceptScramBindOptions,
): Promise<ScramLogin> {
  checkOptions("acceptScramBind", options, rules);
  requireTls(socket);
  const login = (messages: LdapSocket) => new Front(socket, messages, options).login();
  return withSocket(socket, options.timeout, login, closeSoon);
}

/** Lets the last answer go out, if the client takes it. */
function closeSoon(socket: Socket): void {
  socket.destroySoon();
  setTimeout(() => socket.destroy(), 1_000).unref();
}

class Front {
  readonly #messages: LdapSocket;
  readonly #options: AcceptScramBindOptions;
  readonly #mechanisms: readonly ScramMechanism[];
  readonly #channelBinding: AcceptedSocket | AcceptedBindings;

  constructor(socket: TLSSocket, messages: LdapSocket, options: AcceptScramBindOptions) {
    const { acceptUnbound, dialect, certificates, ed25519 } = options;
    this.#messages = messages;
    this.#options = options;
    this.#mechanisms =
      options.mechanisms ??
      (acceptUnbound ? ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"] : ["SCRAM-SHA-256-PLUS"]);
    const accepted = { socket, certificates, ed25519 };
    this.#channelBinding = dialect === undefined ? accepted : (type) => bindingsWithDialect(accepted, type);
  }

  async login(): Promise<ScramLogin> {
    const { id, mechanism, credentials } = await this.#nextBind();
    const scram = this.#scram(mechanism, credentials);
    if (scram === undefined) {
      this.#answer(id, resultCodes.authMethodNotSupported);
      throw new TokenBindingError(
        "mechanism_not_offered",
        `expected a bind with one of ${this.#mechanisms.join(", ")}, the client chose another mechanism`,
      );
    }
    const first = await this.#step(id, async () => this.#messages.inTime(scram.first(textOf(credentials))));
    this.#answer(id, resultCodes.saslBindInProgress, first);
    const next = await this.#nextBind();
    const login = await this.#step(next.id, () => scram.final(textOf(next.credentials)));
    this.#answer(next.id, resultCodes.success, login.serverFinal);
    return login;
  }

  /** Does a step of the login; when it fails, the client is told why. */
  async #step<T>(id: number, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#answer(id, resultCodes.invalidCredentials, scramServerError(error));
      throw error;
    }
  }

  #scram(name: string, credentials: Buffer): ScramServer | undefined {
    const { secret, iterations, acceptUnbound, dialect } = this.#options;
    // OpenLDAP's clients leave -PLUS out of the name.
    const isTheirs = dialect !== undefined && credentials.toString("latin1", 0, 7) === "p=ldap,";
    const wanted = isTheirs && !name.endsWith("-PLUS") ? `${name}-PLUS` : name;
    const mechanism = this.#mechanisms.find((offered) => offered === wanted);
    if (mechanism === undefined) return undefined;
    return new ScramServer({
      mechanism,
      channelBinding: this.#channelBinding,
      credentials: (username) => this.#options.credentials(username, mechanism),
      secret,
      iterations,
      acceptUnbound,
    });
  }

  /** Shows the root DSE, refuses all else, until the client binds by SASL. */
  async #nextBind(): Promise<{ id: number; mechanism: string; credentials: Buffer }> {
    for (let count = 0; count < maximumRequests; count++) {
      const { id, operation } = await this.#messages.receive();
      if (operation.tag === tags.bindRequest) {
        const [, , choice] = decode(operation.value);
        const [mechanism, credentials] = choice?.tag === tags.sasl ? decode(choice.value) : [];
        if (mechanism !== undefined) {
          return {
            id,
            mechanism: valueOf(mechanism, tags.octetString).toString("latin1"),
            credentials: credentials ? valueOf(credentials, tags.octetString) : Buffer.alloc(0),
          };
        }
      }
      this.#refuse({ id, operation });
    }
    throw new TokenBindingError("bind_refused", `expected a bind within ${maximumRequests} requests`);
  }

  #refuse({ id, operation }: LdapMessage): void {
    switch (operation.tag) {
      case tags.unbindRequest:
        throw new TokenBindingError("connection_lost", "expected a bind, the client ends the connection");
      case tags.searchRequest:
        if (isOfRootDse(operation)) this.#send(id, tags.searchResultEntry, "", this.#rootDse());
        this.#send(id, tags.searchResultDone, ...result(isOfRootDse(operation) ? 0 : strongerAuthRequired));
        return;
      case tags.bindRequest:
        // A simple bind: what it sends can be relayed, so it never counts.
        this.#answer(id, resultCodes.authMethodNotSupported);
        return;
      case tags.extendedRequest:
        this.#send(id, tags.extendedResponse, ...result(strongerAuthRequired));
        return;
      default:
        throw malformed("a bind, or a search of the root DSE");
    }
  }

  #rootDse(): Buffer {
    const names = this.#mechanisms.map((name) => encode(tags.octetString, name));
    const attribute = encode(
      tags.sequence,
      encode(tags.octetString, "supportedSASLMechanisms"),
      encode(tags.set, ...names),
    );
    return encode(tags.sequence, attribute);
  }

  #answer(id: number, resultCode: number, serverSaslCreds?: string): void {
    const credentials = serverSaslCreds === undefined ? [] : [encode(tags.serverSaslCreds, serverSaslCreds)];
    this.#send(id, tags.bindResponse, ...result(resultCode), ...credentials);
  }

  #send(id: number, tag: number, ...parts: readonly (string | Buffer)[]): void {
    const encoded = parts.map((part) => (typeof part === "string" ? encode(tags.octetString, part) : part));
    this.#messages.send(id, encode(tag, ...encoded));
  }
}

/** resultCode, matchedDN and diagnosticMessage. */
function result(resultCode: number): readonly (string | Buffer)[] {
  return [encodeNumber(tags.enumerated, resultCode), "", ""];
}

/** A search of the base object only, without a name. */
function isOfRootDse({ value }: Element): boolean {
  const [base, scope] = decode(value);
  return base?.value.length === 0 && scope?.value.equals(Buffer.of(0)) === true;
}

function bindingsWithDialect(
  { socket, certificates, ed25519 }: AcceptedSocket,
  type: string,
): readonly Buffer[] {
  const endPoints = () =>
    certificates === undefined
      ? [channelBinding(socket, "tls-server-end-point", { ed25519 })]
      : serverEndPoints(certificates, { ed25519 });
  if (type === "ldap") {
    return endPoints().map((data) => gssChannelBindings("tls-server-end-point", data).applicationData);
  }
  if (type === "tls-server-end-point") return endPoints();
  return type === "tls-exporter" || type === "tls-unique"
    ? [channelBinding(socket, type satisfies ChannelBindingType)]
    : [];
}

function textOf(credentials: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(credentials);
  } catch {
    throw malformed("credentials in UTF-8");
  }
}
