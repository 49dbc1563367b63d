import {
  checkKeyParametersList,
  defaultKeyParameters,
  encodeTokenBindingParameters,
  type KeyParameters,
  keyParametersCodes,
  tokenBindingVersion,
} from "@tokbind/codec";
import { checkOptions, type OptionRule } from "@tokbind/codec/options";
import { Server } from "node:tls";
import { configureContexts, type NotAPromise } from "./configure-contexts.ts";

/** What {@link withTokenBinding} negotiates. */
export interface TokenBindingOptions {
  /**
   * Offered as a client and accepted as a server, most preferred first; a server's order decides (RFC 8472
   * section 4). Default: `ecdsap256`, `rsa2048_pss`, `rsa2048_pkcs1.5`.
   */
  readonly keyParameters?: readonly KeyParameters[] | undefined;
  /**
   * The highest TLS version in which Token Binding is negotiated; connections of a higher one work without it. RFC 8472
   * defines the extension up to TLS 1.2, and a peer that stops there but speaks TLS 1.3, such as google/token_bind,
   * ends the handshake when it finds our answer in TLS 1.3: "TLSv1.2" lets it connect. Default: "TLSv1.3".
   */
  readonly maxTlsVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
}

const optionRules: Record<keyof TokenBindingOptions, OptionRule> = {
  keyParameters: { expected: "a list of names", test: Array.isArray },
  maxTlsVersion: {
    expected: '"TLSv1.2" or "TLSv1.3"',
    test: (value) => value === "TLSv1.2" || value === "TLSv1.3",
  },
};

/** What servers negotiate that `create` returned, for the renewal of their certificates. */
export const optionsOfServers = new WeakMap<Server, TokenBindingOptions>();

/**
 * Calls `create` once, at once, and turns Token Binding (RFC 8472, version 1.0) on for every TLS context that is
 * made inside it: servers made from such a context answer the extension, clients offer it. It holds for
 * `https.createServer`, `http2.createSecureServer`, `tls.createServer`, `server.setSecureContext`,
 * `server.addContext`, `tls.createSecureContext`, `tls.connect` and `https.request({ agent: false })`. Contexts
 * made later, such as those of an agent's further connections, are not affected: make those inside `withTokenBinding`
 * as well. A server's certificate is renewed with `renewCertificate`.
 *
 * @param create - not an async function: what is made after an await is made later
 * @returns what `create` returns
 * @throws TokenBindingError `invalid_argument` for unknown or impossible options and when `create` made no TLS
 *   context or returned a promise, `unsupported_runtime` where the addon cannot work; and what `create` throws
 * @example
 * const server = withTokenBinding(() => https.createServer({ key, cert }, app));
 */
export function withTokenBinding<T>(create: () => NotAPromise<T>, options: TokenBindingOptions = {}): T {
  checkOptions("withTokenBinding", options, optionRules);
  const { keyParameters = defaultKeyParameters, maxTlsVersion } = options;
  checkKeyParametersList(keyParameters);
  const keyParametersList = keyParameters.map((name) => keyParametersCodes[name]);
  const offer = encodeTokenBindingParameters({ version: tokenBindingVersion, keyParametersList });
  const made = configureContexts("withTokenBinding", create, {
    checked: true,
    belowTls13: maxTlsVersion === "TLSv1.2",
    offer,
  });
  if (made instanceof Server)
    optionsOfServers.set(made, { keyParameters: [...keyParameters], maxTlsVersion });
  return made;
}
