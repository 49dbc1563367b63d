import { randomBytes } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { checkOptions } from "@tokbind/codec/options";
import { exchangeNtlm } from "./bind-ntlm.ts";
import { channelBindingToken } from "./channel-binding-token.ts";
import { connectDirectory, type DirectoryOptions, directoryRules } from "./connect-directory.ts";
import { resultCodes, saysBadBindings } from "./ldap-result.ts";
import { withConnection } from "./with-connection.ts";

/**
 * Whether a directory enforces channel binding.
 *
 * - `never`, `when supported`, `always`: 0, 1 and 2 of Windows' setting LdapEnforceChannelBinding
 * - `not judged`: it enforces, and refuses the right token too: something on the way ends TLS; or the token of its certificate is
 *   undefined
 * - `unknown`: it does not judge NTLM logons, as OpenLDAP does not
 */
export type Enforcement = "never" | "when supported" | "always" | "not judged" | "unknown";

/** What a directory said to one logon, `refused` to one that is wrong in its name only. */
export type ProbeResult = "bad bindings" | "refused" | "undefined" | `result ${number}`;

/** What {@link checkEnforcement} found. */
export interface EnforcementReport {
  readonly verdict: Enforcement;
  /** The answers to a logon without channel binding token, with a random one and with the right one. */
  readonly probes: Readonly<Record<"absent" | "wrong" | "right", ProbeResult>>;
}

/**
 * Finds out, without credentials, whether a directory enforces channel binding: it judges the channel binding token of an
 * NTLM logon before the name. This makes three failed logons of a made-up name, which the directory may log. Nothing is sent
 * that is worth protecting, so certificates are accepted as they are unless `tls` says otherwise.
 *
 * @throws TokenBindingError `connection_lost`, `timed_out`, `bind_refused` (StartTLS), `invalid_encoding`, `invalid_argument`
 * @example
 * ```ts
 * const { verdict } = await checkEnforcement({ host: "dc.example.com" });
 * ```
 */
export async function checkEnforcement(options: DirectoryOptions): Promise<EnforcementReport> {
  checkOptions("checkEnforcement", options, directoryRules);
  const directory = { ...options, tls: { rejectUnauthorized: false, ...options.tls } };
  const absent = await probe(directory, () => undefined);
  const wrong = await probe(directory, () => randomBytes(16));
  const right = await probe(directory, (socket) => channelBindingToken(socket, {}).bnd);
  const probes = { absent, wrong, right };
  return { verdict: judge(probes), probes };
}

function judge({ absent, wrong, right }: EnforcementReport["probes"]): Enforcement {
  switch (`${absent}, ${wrong}, ${right}`) {
    case "refused, refused, refused":
      return "never";
    case "refused, bad bindings, refused":
      return "when supported";
    case "bad bindings, bad bindings, refused":
      return "always";
    default:
      return [absent, wrong].includes("bad bindings") || right === "undefined" ? "not judged" : "unknown";
  }
}

async function probe(
  directory: DirectoryOptions,
  token: (socket: TLSSocket) => Buffer | undefined,
): Promise<ProbeResult> {
  const socket = await connectDirectory(directory);
  try {
    const bnd = token(socket);
    const username = `probe-${randomBytes(4).toString("hex")}`;
    const logon = { username, domain: "", password: randomBytes(16).toString("hex"), bnd };
    const result = await withConnection(socket, directory.timeout, (connection) =>
      exchangeNtlm(connection, logon),
    );
    if (saysBadBindings(result)) return "bad bindings";
    // A directory that judges no NTLM says the same code, in other words.
    const isLogon =
      result.resultCode === resultCodes.invalidCredentials && /\bdata [0-9a-f]+\b/.test(result.message);
    return isLogon ? "refused" : `result ${result.resultCode}`;
  } catch (error) {
    if (error instanceof TokenBindingError && error.code === "undefined_for_certificate") return "undefined";
    throw error;
  } finally {
    socket.destroy();
  }
}
