import { createHash } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";

/** A channel binding in the form that GSS-API, Kerberos and NTLM take. */
export interface GssChannelBindings {
  /** `application_data` of GSS-API: the type, a colon, the data (RFC 5056 section 2.1). */
  readonly applicationData: Buffer;
  /** 16 bytes: `Bnd` of Kerberos (RFC 4121 section 4.1.1.2), and NTLM's MsvAvChannelBindings. */
  readonly bnd: Buffer;
}

/**
 * A channel binding for GSS-API, without addresses of initiator and acceptor.
 *
 * @param type such as `tls-server-end-point`
 * @param data of `channelBinding`
 * @throws TokenBindingError `invalid_argument` for no data: GSS-API would take it for a binding, not for none
 * @example
 * ```ts
 * const { bnd } = gssChannelBindings("tls-server-end-point", channelBinding(socket, "tls-server-end-point"));
 * ```
 */
export function gssChannelBindings(type: string, data: Uint8Array): GssChannelBindings {
  if (typeof type !== "string" || !/^[A-Za-z0-9.-]+$/.test(type)) {
    throw new TokenBindingError(
      "invalid_argument",
      `expected the name of a channel binding type, got ${described(type)}`,
    );
  }
  if (!(data instanceof Uint8Array) || data.length === 0) {
    throw new TokenBindingError("invalid_argument", `expected channel binding data, got ${described(data)}`);
  }
  const applicationData = Buffer.concat([Buffer.from(`${type}:`, "latin1"), data]);
  // gss_channel_bindings_struct: type and length of the two addresses, 0 each, then the length of the data.
  const head = Buffer.alloc(20);
  head.writeUInt32LE(applicationData.length, 16);
  return { applicationData, bnd: createHash("md5").update(head).update(applicationData).digest() };
}
