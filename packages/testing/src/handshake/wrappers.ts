import type { KeyParameters } from "@tokbind/codec";
import type { SecureVersion } from "node:tls";
import { type NotAPromise, withTokenBinding } from "@tokbind/tls";
import { withRawExtension } from "@tokbind/tls/raw";

export const versions = ["TLSv1.2", "TLSv1.3"] as const;

/** Both ends speak exactly this version. */
export const only = (version: SecureVersion) => ({ minVersion: version, maxVersion: version });

/** OpenSSL's SSL_OP_NO_EXTENDED_MASTER_SECRET, which node:constants does not name. */
export const withoutExtendedMasterSecret = { secureOptions: 1 };

/** How an end makes its TLS context. */
export type Wrapper = <T>(create: () => NotAPromise<T>) => T;

export const tokenBinding =
  (...keyParameters: KeyParameters[]): Wrapper =>
  (create) =>
    withTokenBinding(create, keyParameters.length > 0 ? { keyParameters } : {});

/** Negotiates up to TLS 1.2 only. */
export const tokenBindingBelowTls13: Wrapper = (create) =>
  withTokenBinding(create, { maxTlsVersion: "TLSv1.2" });

/** Sends these extension bodies, in hexadecimal, and checks nothing. */
export const raw =
  (bodies: { offer?: string; renegotiationOffer?: string; answer?: string }): Wrapper =>
  (create) => {
    const extension = Object.entries(bodies).map(([name, hex]) => [name, Buffer.from(hex, "hex")]);
    return withRawExtension(create, Object.fromEntries(extension) as object);
  };

export const plain: Wrapper = (create) => create();
