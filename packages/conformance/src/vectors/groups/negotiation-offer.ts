import type { KeyParameters } from "@tokbind/codec";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { receivedExtension, withRawExtension } from "@tokbind/tls/raw";
import { bytes, handshake, type HandshakeInputs, obstacle, outcomeOfAlert, plain } from "../handshake.ts";
import type { Outcome } from "../outcome.ts";

/** A client's offer and what the server takes. */
export interface NegotiationOfferCase extends HandshakeInputs {
  readonly serverKeyParameters: readonly KeyParameters[];
}

/** Sends the offer to a server of ours, in a handshake over loopback. */
export async function runNegotiationOffer(test: NegotiationOfferCase): Promise<Outcome> {
  const skipped = obstacle(test);
  if (skipped !== undefined) return { skipped };
  const { offer, serverKeyParameters: keyParameters } = test;
  const ends = await handshake(test, {
    client: offer === null ? plain : (create) => withRawExtension(create, { offer: bytes(offer) }),
    server: (create) => withTokenBinding(create, { keyParameters }),
    without: "client",
  });
  if ("error" in ends.client) return outcomeOfAlert(ends.client.error);
  const answer = receivedExtension(ends.client);
  const negotiated = "error" in ends.server ? undefined : negotiatedTokenBinding(ends.server);
  ends.client.destroy();
  const expected = {
    answer: answer === undefined ? null : Buffer.from(answer).toString("hex"),
    keyParameters: negotiated?.keyParameters ?? null,
  };
  return { result: "valid", expected };
}
