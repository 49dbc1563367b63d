import { checkOptions } from "@tokbind/codec/options";
import { isKeyParameters } from "@tokbind/codec";
import type { TokenBindingKey } from "@tokbind/crypto";

/** One server may learn by which key another one knows this client (RFC 8473 section 5). */
export interface Referral {
  /** The key used with the server that will get a token, the Token Consumer. Its type is of no matter (section 5.4). */
  readonly key: TokenBindingKey;
  /** The origin, of https, of the server that will issue the token, the Token Provider. No other learns the ID. */
  readonly to: string | URL;
}

/**
 * A referral of an application, with its origin.
 *
 * @throws TokenBindingError `invalid_argument`
 */
export function checkReferral(referral: Referral): Referral & { readonly to: string } {
  checkOptions("refer", referral, {
    key: { expected: "a TokenBindingKey", test: isKey, required: true },
    to: { expected: "an https URL", test: isHttpsUrl, required: true },
  });
  return { key: referral.key, to: new URL(referral.to).origin };
}

function isKey(value: unknown): boolean {
  const { keyParameters, id, sign } = (value ?? {}) as Partial<TokenBindingKey>;
  return typeof sign === "function" && id?.bytes instanceof Uint8Array && isKeyParameters(keyParameters);
}

function isHttpsUrl(value: unknown): boolean {
  const text = String(value);
  return (typeof value === "string" || value instanceof URL) && URL.canParse(text) && isHttps(new URL(text));
}

export function isHttps({ protocol }: URL): boolean {
  return protocol === "https:";
}
