import type { TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, type OptionRule } from "@tokbind/codec/options";
import { channelBindingToken } from "./channel-binding-token.ts";
import { GssContext } from "./kerberos/gss-context.ts";
import type { LdapConnection } from "./ldap-connection.ts";
import { bindError, type LdapResult, resultCodes } from "./ldap-result.ts";
import { isTimeout, requireTls, withConnection } from "./with-connection.ts";

/** Options of {@link bindKerberos}. */
export interface KerberosBindOptions {
  /** The directory's name in Kerberos: the service is `ldap/HOST`. */
  readonly host: string;
  /** Default GSSAPI (RFC 4752). Active Directory and Samba take both. */
  readonly mechanism?: "GSSAPI" | "GSS-SPNEGO" | undefined;
  /** See `channelBinding` of `@tokbind/channel-binding`. */
  readonly ed25519?: "SHA-512" | undefined;
  /** Milliseconds for the whole bind, with what the KDC is asked. Default 30,000. */
  readonly timeout?: number | undefined;
}

const rules: Readonly<Record<keyof KerberosBindOptions, OptionRule>> = {
  host: {
    expected: "a host name",
    test: (value) => typeof value === "string" && /^[^@/\0]+$/.test(value),
    required: true,
  },
  mechanism: {
    expected: "GSSAPI or GSS-SPNEGO",
    test: (value) => value === "GSSAPI" || value === "GSS-SPNEGO",
  },
  ed25519: { expected: '"SHA-512"', test: (value) => value === "SHA-512" },
  timeout: isTimeout,
};

/**
 * Binds with Kerberos and the ticket that the process has (`kinit`, KRB5CCNAME), with the channel binding token of this
 * connection (tls-server-end-point) and without a security layer: TLS is one.
 *
 * Needs the package `koffi` (an optional peer) and MIT Kerberos' libgssapi_krb5, which is called outside of the main thread.
 *
 * @returns the socket, which is bound: hand it to an LDAP library
 * @throws TokenBindingError `kerberos` (no ticket, no KDC, an unknown service, …), `unsupported_runtime` (no koffi, no library),
 * `channel_bindings_dont_match` (something on the way ends TLS), `security_layer_required`, `security_layer_refused`,
 * `invalid_credentials`, `mechanism_not_offered`, `bind_refused`, `invalid_encoding`, `connection_lost`, `timed_out`; those of
 * `channelBinding`. The socket is closed then.
 * @example
 * ```ts
 * const socket = await connectDirectory({ host: "dc.example.com", tls: { ca } });
 * await bindKerberos(socket, { host: "dc.example.com" });
 * const client = new Client({ url: "ldaps://dc.example.com", createSecureConnection: () => socket }); // ldapts
 * ```
 */
export async function bindKerberos(socket: TLSSocket, options: KerberosBindOptions): Promise<TLSSocket> {
  checkOptions("bindKerberos", options, rules);
  requireTls(socket);
  const { host, mechanism = "GSSAPI", ed25519, timeout } = options;
  const { applicationData } = channelBindingToken(socket, { ed25519 });
  return withConnection(socket, timeout, async (connection) => {
    const created = GssContext.create({ service: `ldap@${host}`, mechanism, applicationData });
    try {
      const result = await exchangeGss(connection, await connection.inTime(created), mechanism);
      if (result.resultCode !== resultCodes.success) throw bindError(result, true);
    } finally {
      // Also one that is late.
      void created.then((context) => {
        context.dispose();
      }, ignore);
    }
    return socket;
  });
}

const ignore = () => undefined;

/** Runs Kerberos as the steps of a SASL bind, to its last result. */
export async function exchangeGss(
  connection: LdapConnection,
  context: GssContext,
  mechanism: "GSSAPI" | "GSS-SPNEGO",
): Promise<LdapResult> {
  let step = await connection.inTime(context.step(undefined));
  let result = await connection.bind(mechanism, step.token);
  const isGoingOn = () => result.resultCode === resultCodes.saslBindInProgress;
  while (isGoingOn() && !step.isDone) {
    step = await connection.inTime(context.step(result.serverSaslCreds));
    result = await connection.bind(mechanism, step.token);
  }
  if (mechanism === "GSSAPI" && isGoingOn()) {
    const choice = await connection.inTime(chooseNoLayer(context, result.serverSaslCreds));
    return connection.bind(mechanism, choice);
  }
  if (mechanism === "GSSAPI" && result.resultCode === resultCodes.success) {
    throw new TokenBindingError(
      "invalid_encoding",
      "expected an offer of security layers before success (RFC 4752 section 3.1)",
    );
  }
  // The directory shows that it is the service: with its last token, where that comes with the result.
  if (result.resultCode === resultCodes.success && !step.isDone) {
    step = await connection.inTime(context.step(result.serverSaslCreds));
    if (!step.isDone) {
      throw new TokenBindingError(
        "kerberos",
        "expected the directory to show that it is the service, it did not",
      );
    }
  }
  return result;
}

const noLayer = 1;

/** RFC 4752 section 3.1: the server offers layers, the client chooses one of them, here none. */
export async function chooseNoLayer(
  context: Pick<GssContext, "wrap" | "unwrap">,
  offered: Buffer | undefined,
): Promise<Buffer> {
  const layers = await context.unwrap(offered ?? Buffer.alloc(0));
  if (layers.length !== 4) {
    throw new TokenBindingError("invalid_encoding", "expected 4 bytes that offer security layers (RFC 4752)");
  }
  if ((layers[0]! & noLayer) === 0) {
    throw new TokenBindingError(
      "security_layer_required",
      "expected a directory that does without a security layer inside TLS, it insists on one",
    );
  }
  return context.wrap(Buffer.of(noLayer, 0, 0, 0));
}
