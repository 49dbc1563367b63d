import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
import { checkOptions, type OptionRule } from "@tokbind/codec/options";
import { channelBinding, isChannelBindingType } from "../channel-binding.ts";
import { type EndPointOptions, endPointRules, serverEndPoints } from "../server-end-points.ts";

/** The connection over which a client logs in. */
export interface AcceptedSocket extends EndPointOptions {
  readonly socket: TLSSocket;
  /**
   * All certificates that this server may have served to the client, of a resumed connection also before it was renewed:
   * PEM, DER or X509Certificate. Default: the one of the connection, which is right for a server that has one.
   */
  readonly certificates?: readonly (string | Uint8Array | X509Certificate)[] | undefined;
}

/**
 * The data that counts for a type of channel binding on the client's connection, none for a type that is not supported.
 * Called at the moment of use.
 */
export type AcceptedBindings = (type: string) => readonly Uint8Array[];

/** Why a connection may have no binding of a registered type. */
const undefinedHere = new Set<TokenBindingErrorCode>([
  "undefined_for_certificate",
  "undefined_for_tls_version",
  "no_extended_master_secret",
  "renegotiated",
  "session_unreadable",
]);

/**
 * What is accepted for `type` on this connection, at least one value.
 *
 * @throws TokenBindingError `unsupported_channel_binding_type`
 */
export function acceptedData(
  accepted: AcceptedSocket | AcceptedBindings,
  type: string,
): readonly Uint8Array[] {
  let cause: unknown;
  try {
    const data = typeof accepted === "function" ? accepted(type) : dataOf(accepted, type);
    if (data.length > 0) return data;
  } catch (error) {
    if (!(error instanceof TokenBindingError && undefinedHere.has(error.code))) throw error;
    cause = error;
  }
  throw new TokenBindingError(
    "unsupported_channel_binding_type",
    `expected a channel binding that this connection has, got ${type}`,
    { cause },
  );
}

function dataOf({ socket, certificates, ed25519 }: AcceptedSocket, type: string): readonly Uint8Array[] {
  if (!isChannelBindingType(type)) return [];
  if (type === "tls-server-end-point" && certificates !== undefined) {
    return serverEndPoints(certificates, { ed25519 });
  }
  return [channelBinding(socket, type, { ed25519 })];
}

/** The rule of the option. */
export function isAccepted(value: unknown): boolean {
  if (typeof value === "function") return true;
  if (typeof value !== "object" || value === null) return false;
  checkOptions("ScramServer: channelBinding", value, acceptedSocketRules);
  const { certificates, ed25519 } = value as AcceptedSocket;
  // For its errors, where the options are given.
  if (certificates !== undefined) serverEndPoints(certificates, { ed25519 });
  return true;
}

const acceptedSocketRules: Readonly<Record<keyof AcceptedSocket, OptionRule>> = {
  // What it has to be, channelBinding says with a code of its own.
  socket: { expected: "a TLSSocket", test: () => true, required: true },
  certificates: {
    expected: "certificates, at least one",
    test: (value) => Array.isArray(value) && value.length > 0,
  },
  ...endPointRules,
};
