import type { TLSSocket } from "node:tls";
import { checkOptions, type OptionRule } from "@tokbind/codec/options";
import { channelBindingToken } from "./channel-binding-token.ts";
import type { LdapConnection } from "./ldap-connection.ts";
import { bindError, type LdapResult, resultCodes } from "./ldap-result.ts";
import { malformedChallenge } from "./ntlm/av-pairs.ts";
import { authenticateMessage, negotiateMessage, type NtlmOptions } from "./ntlm/ntlm-client.ts";
import { isTimeout, requireTls, withConnection } from "./with-connection.ts";

/** Options of {@link bindNtlm}. */
export interface NtlmBindOptions {
  /** sAMAccountName, or userPrincipalName with an empty domain. */
  readonly username: string;
  readonly password: string;
  /** NetBIOS or DNS name. Default: empty. */
  readonly domain?: string | undefined;
  /** See `channelBinding` of `@tokbind/channel-binding`. */
  readonly ed25519?: "SHA-512" | undefined;
  /** Milliseconds for the whole bind. Default 30,000. */
  readonly timeout?: number | undefined;
}

const isString: OptionRule = { expected: "a string", test: (value) => typeof value === "string" };
const isText: OptionRule = {
  expected: "a string, not empty",
  test: (value) => typeof value === "string" && value !== "",
  required: true,
};

const rules: Readonly<Record<keyof NtlmBindOptions, OptionRule>> = {
  username: isText,
  password: isText,
  domain: isString,
  ed25519: { expected: '"SHA-512"', test: (value) => value === "SHA-512" },
  timeout: isTimeout,
};

/**
 * Binds with NTLMv2 (MS-NLMP) in GSS-SPNEGO, as Active Directory and Samba take it: with the channel binding token of this
 * connection (tls-server-end-point) and a MIC that keeps it in.
 *
 * @returns the socket, which is bound: hand it to an LDAP library
 * @throws TokenBindingError `invalid_credentials`, `channel_bindings_dont_match` (something on the way ends TLS),
 * `mechanism_not_offered`, `security_layer_refused`, `bind_refused`, `invalid_encoding`, `connection_lost`, `timed_out`;
 * those of `channelBinding`. The socket is closed then.
 * @example
 * ```ts
 * const socket = await connectDirectory({ host: "dc.example.com", tls: { ca } });
 * await bindNtlm(socket, { username, domain: "EXAMPLE", password });
 * const client = new Client({ url: "ldaps://dc.example.com", createSecureConnection: () => socket }); // ldapts
 * ```
 */
export async function bindNtlm(socket: TLSSocket, options: NtlmBindOptions): Promise<TLSSocket> {
  checkOptions("bindNtlm", options, rules);
  requireTls(socket);
  const { username, password, domain = "", ed25519, timeout } = options;
  const { bnd } = channelBindingToken(socket, { ed25519 });
  return withConnection(socket, timeout, async (connection) => {
    const result = await exchangeNtlm(connection, { username, password, domain, bnd });
    if (result.resultCode !== resultCodes.success) throw bindError(result, true);
    return socket;
  });
}

/** Runs NTLM as the steps of a SASL bind, to its last result. */
export async function exchangeNtlm(connection: LdapConnection, options: NtlmOptions): Promise<LdapResult> {
  const mechanism = "GSS-SPNEGO";
  const negotiate = negotiateMessage();
  const challenge = await connection.bind(mechanism, negotiate);
  if (challenge.resultCode === resultCodes.success) throw malformedChallenge("a challenge before success");
  if (challenge.resultCode !== resultCodes.saslBindInProgress) return challenge;
  const { serverSaslCreds = Buffer.alloc(0) } = challenge;
  return connection.bind(mechanism, authenticateMessage(negotiate, serverSaslCreds, options));
}
