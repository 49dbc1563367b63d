import type { NegotiatedTokenBinding } from "@tokbind/tls";

/** What a handshake negotiated, in the output of all commands. */
export interface NegotiatedJson {
  readonly tls: string;
  readonly version: string;
  readonly keyParameters: string;
  readonly resumed: boolean;
  /** Hex of the 32 bytes: both ends of the connection, and nobody else, can compute them. */
  readonly ekm: string;
}

export function negotiatedJson(negotiated: NegotiatedTokenBinding): NegotiatedJson {
  const { version, keyParameters, ekm, tlsVersion, resumed } = negotiated;
  return {
    tls: tlsVersion,
    version: `${version.major}.${version.minor}`,
    keyParameters,
    resumed,
    ekm: Buffer.from(ekm).toString("hex"),
  };
}
