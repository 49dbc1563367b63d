import {
  decodeTokenBindingParameters,
  encodeTokenBindingParameters,
  type KeyParameters,
  keyParametersName,
  TokenBindingError,
  tokenBindingVersion,
} from "@tokbind/codec";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { withRawExtension } from "@tokbind/tls/raw";
import { bytes, handshake, type HandshakeInputs, obstacle, outcomeOfAlert, plain } from "../handshake.ts";
import type { Outcome } from "../outcome.ts";

/** A client's offer and the server's answer to it. */
export interface NegotiationAnswerCase extends HandshakeInputs {
  /** Hexadecimal. */
  readonly answer: string | null;
}

/** Gives the answer to a client of ours that has sent the offer, in a handshake over loopback. */
export async function runNegotiationAnswer(test: NegotiationAnswerCase): Promise<Outcome> {
  const skipped = obstacle(test);
  if (skipped !== undefined) return { skipped };
  const { offer, answer } = test;
  if (offer === null) return { skipped: "a server here cannot answer what was not offered" };
  const keyParameters = offeredBy(offer);
  if (keyParameters === undefined) return { skipped: "a client here does not make that offer" };
  const ends = await handshake(test, {
    client: (create) => withTokenBinding(create, { keyParameters }),
    server: answer === null ? plain : (create) => withRawExtension(create, { answer: bytes(answer) }),
    without: "server",
  });
  if ("error" in ends.server) return outcomeOfAlert(ends.server.error);
  if ("error" in ends.client) return { failed: ends.client.error.message };
  const negotiated = negotiatedTokenBinding(ends.client);
  ends.client.destroy();
  return { result: "valid", expected: { keyParameters: negotiated?.keyParameters ?? null } };
}

/** The list with which a client of ours sends just this offer. */
function offeredBy(offer: string): KeyParameters[] | undefined {
  try {
    const { keyParametersList } = decodeTokenBindingParameters(bytes(offer));
    const names = keyParametersList.map(keyParametersName).filter((name) => name !== undefined);
    const own = encodeTokenBindingParameters({ version: tokenBindingVersion, keyParametersList });
    const isOwn = names.length === keyParametersList.length && Buffer.from(own).toString("hex") === offer;
    return isOwn ? names : undefined;
  } catch (error) {
    if (error instanceof TokenBindingError) return undefined;
    throw error;
  }
}
