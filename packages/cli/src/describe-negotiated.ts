import type { NegotiatedTokenBinding } from "@tokbind/server";

/** What a handshake negotiated, for people and programs to read. */
export interface NegotiatedDescription {
  readonly tls: string;
  readonly version: string;
  readonly keyParameters: string;
  readonly resumed: boolean;
  /** Hex of the 32 bytes: both ends of the connection, and nobody else, can compute them. */
  readonly ekm: string;
}

export function describeNegotiated(negotiated: NegotiatedTokenBinding): NegotiatedDescription {
  const { version, keyParameters, ekm, tlsVersion, resumed } = negotiated;
  return {
    tls: tlsVersion,
    version: `${version.major}.${version.minor}`,
    keyParameters,
    resumed,
    ekm: Buffer.from(ekm).toString("hex"),
  };
}
