import type { TLSSocket } from "node:tls";
import {
  channelBinding,
  type ChannelBindingData,
  type ChannelBindingType,
  gssChannelBindings,
  ScramClient,
  type SocketBinding,
} from "@tokbind/channel-binding";
import { checkOptions, isBoolean, type OptionRule } from "@tokbind/codec/options";
import { exchangeScram } from "./exchange-scram.ts";
import { isTimeout, requireTls, withConnection } from "./with-connection.ts";

/** Options of {@link bindScram}. */
export interface ScramBindOptions {
  readonly username: string;
  readonly password: string;
  /** Default: tls-exporter in TLS 1.3, tls-unique below; of OpenLDAP's dialect tls-server-end-point. */
  readonly type?: ChannelBindingType | undefined;
  /**
   * `"openldap"` for OpenLDAP's slapd: it calls every channel binding `ldap` and expects the name of its type before the
   * data, which RFC 5802 does not know. Its setting `sasl-cbinding tls-endpoint` goes with tls-server-end-point.
   */
  readonly dialect?: "openldap" | undefined;
  /** See `channelBinding` of `@tokbind/channel-binding`. */
  readonly ed25519?: "SHA-512" | undefined;
  /** The SASL mechanisms of the directory. Default: its root DSE is asked. */
  readonly mechanisms?: readonly string[] | undefined;
  /** Also bind where the directory offers no -PLUS mechanism. Such a bind can be relayed. Default false. */
  readonly acceptUnbound?: boolean | undefined;
  /** The identity to act as, where that is another: `u:NAME` or `dn:DN` (RFC 4513 section 5.2.1.8). */
  readonly authzid?: string | undefined;
  /** Milliseconds for the whole bind. Default 30,000. */
  readonly timeout?: number | undefined;
}

const anything: OptionRule = { expected: "", test: () => true };

// What ScramClient and channelBinding check themselves is left to them.
const rules: Readonly<Record<keyof ScramBindOptions, OptionRule>> = {
  username: anything,
  password: anything,
  type: anything,
  dialect: { expected: '"openldap"', test: (value) => value === "openldap" },
  ed25519: anything,
  mechanisms: anything,
  acceptUnbound: isBoolean,
  authzid: anything,
  timeout: isTimeout,
};

/**
 * Binds with SCRAM-SHA-512-PLUS, -256-PLUS or -1-PLUS (RFC 5802, RFC 7677), the best of them that the directory offers, and
 * makes sure that the directory knows the password too.
 *
 * @returns the socket, which is bound: hand it to an LDAP library
 * @throws TokenBindingError `invalid_credentials`, `channel_bindings_dont_match` (something on the way ends TLS),
 * `mechanism_not_offered`, `server_signature_invalid`, `bind_refused`, `invalid_encoding`, `connection_lost`, `timed_out`;
 * those of `channelBinding` and `ScramClient`. The socket is closed then.
 * @example
 * ```ts
 * const socket = await connectDirectory({ host, tls: { ca } });
 * await bindScram(socket, { username, password, dialect: "openldap" });
 * const client = new Client({ url: `ldaps://${host}`, createSecureConnection: () => socket }); // ldapts
 * ```
 */
export async function bindScram(socket: TLSSocket, options: ScramBindOptions): Promise<TLSSocket> {
  checkOptions("bindScram", options, rules);
  requireTls(socket);
  const { username, password, acceptUnbound, authzid, timeout } = options;
  const binding = bindingOf(socket, options);
  return withConnection(socket, timeout, async (connection) => {
    const mechanisms = options.mechanisms ?? (await connection.rootDse("supportedSASLMechanisms"));
    const scram = new ScramClient({
      mechanisms,
      username,
      password,
      channelBinding: binding,
      acceptUnbound,
      authzid,
    });
    await exchangeScram(connection, scram);
    return socket;
  });
}

function bindingOf(
  socket: TLSSocket,
  { type, dialect, ed25519 }: ScramBindOptions,
): SocketBinding | ChannelBindingData {
  if (dialect === undefined) return { socket, type, ed25519 };
  const named = type ?? "tls-server-end-point";
  const data = channelBinding(socket, named, { ed25519 });
  return { type: "ldap", data: gssChannelBindings(named, data).applicationData };
}
