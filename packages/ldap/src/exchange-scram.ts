import type { ScramClient } from "@tokbind/channel-binding";
import { TokenBindingError } from "@tokbind/codec";
import type { LdapConnection } from "./ldap-connection.ts";
import { bindError, type LdapResult, resultCodes } from "./ldap-result.ts";

/** Runs a SCRAM login as the steps of a SASL bind, to its end on both sides. */
export async function exchangeScram(connection: LdapConnection, scram: ScramClient): Promise<void> {
  const { mechanism } = scram;
  const first = await connection.bind(mechanism, scram.first());
  const final = await connection.bind(
    mechanism,
    await scram.final(textOf(first, resultCodes.saslBindInProgress)),
  );
  // The server's last message comes with the result, or as one more challenge.
  const isLast = final.resultCode === resultCodes.success;
  scram.verify(textOf(final, isLast ? resultCodes.success : resultCodes.saslBindInProgress));
  if (isLast) return;
  const { resultCode, ...more } = await connection.bind(mechanism, "");
  if (resultCode !== resultCodes.success) throw bindError({ resultCode, ...more }, true);

  function textOf(result: LdapResult, expected: number): string {
    const text = decodeText(result.serverSaslCreds);
    // A failure may say why.
    if (result.resultCode === expected || text.startsWith("e=")) return text;
    if (result.resultCode === resultCodes.success) {
      throw new TokenBindingError(
        "server_signature_invalid",
        "expected a directory that shows that it knows the password, it accepts the bind without: do not trust this connection",
      );
    }
    throw bindError(result, mechanism.endsWith("-PLUS"));
  }
}

function decodeText(bytes: Buffer | undefined): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new TokenBindingError("invalid_encoding", "serverSaslCreds: expected UTF-8 (RFC 5802)");
  }
}
