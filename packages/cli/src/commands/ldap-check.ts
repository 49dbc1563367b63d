import { checkEnforcement, type Enforcement, type ProbeResult } from "@tokbind/ldap";
import { print, warn } from "../output.ts";

export interface LdapCheckOptions {
  readonly startTls?: boolean | undefined;
  readonly json?: boolean | undefined;
}

const meaning: Readonly<Record<Enforcement, string>> = {
  never: "channel binding tokens are not looked at: a relayed login succeeds",
  "when supported": "a wrong token is refused, none is accepted: only clients that send one are protected",
  always: "a login needs the token of its own TLS connection",
  "not judged":
    "it enforces, but refuses this connection's own token too: something on the way ends TLS, or the token of its certificate is undefined",
  unknown: "it does not judge NTLM logons, so this check cannot tell",
};

const answers: Readonly<Record<string, string>> = {
  "bad bindings": "refused for its channel binding (80090346)",
  refused: "refused for its name only",
  undefined: "not tried: tls-server-end-point is undefined for the certificate",
};

/** `tokbind ldap check`: exit code 1 when nothing can be said about the directory. */
export async function ldapCheck(
  { host, port: given }: { readonly host: string; readonly port: number | undefined },
  { startTls = false, json = false }: LdapCheckOptions,
): Promise<number> {
  const port = given ?? (startTls ? 389 : 636);
  warn(`tokbind: makes three failed logons of a made-up name at ${host}, which its log may show\n`);
  const { verdict, probes } = await checkEnforcement({ host, port, startTls });
  await print(
    json
      ? `${JSON.stringify({ host, port, startTls, verdict, probes })}\n`
      : [
          `${verdict}: ${meaning[verdict]}`,
          `  logon without a token      ${answerOf(probes.absent)}`,
          `  with a random one          ${answerOf(probes.wrong)}`,
          `  with the connection's own  ${answerOf(probes.right)}`,
          "",
        ].join("\n"),
  );
  return verdict === "not judged" || verdict === "unknown" ? 1 : 0;
}

function answerOf(result: ProbeResult): string {
  return answers[result] ?? result;
}
