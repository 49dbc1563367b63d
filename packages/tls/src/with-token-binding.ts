import {
  checkKeyParametersList,
  defaultKeyParameters,
  encodeTokenBindingParameters,
  type KeyParameters,
  keyParametersCodes,
  TokenBindingError,
  tokenBindingVersion,
} from "@tokbind/codec";
import { checkOptions } from "@tokbind/codec/options";
import { native } from "./native.ts";

/** What {@link withTokenBinding} negotiates. */
export interface TokenBindingOptions {
  /**
   * Offered as a client and accepted as a server, in falling preference; a server's order decides (RFC 8472
   * section 4). Default: `ecdsap256`, `rsa2048_pss`, `rsa2048_pkcs1.5`.
   */
  readonly keyParameters?: readonly KeyParameters[] | undefined;
}

/**
 * Calls `create` once, at once, and turns Token Binding (RFC 8472, version 1.0) on for every TLS context that is
 * made inside it: servers made from such a context answer the extension, clients offer it. It holds for
 * `https.createServer`, `http2.createSecureServer`, `tls.createServer`, `server.setSecureContext`,
 * `server.addContext`, `tls.createSecureContext`, `tls.connect` and `https.request({ agent: false })`. Contexts
 * made later, such as those of an agent's further connections, are not affected: hand those a `secureContext`
 * made here.
 *
 * @returns what `create` returns
 * @throws TokenBindingError `invalid_argument` for impossible key parameters or when `create` made no TLS
 *   context, `unsupported_runtime` where the addon cannot work; and what `create` throws
 * @example
 * const server = withTokenBinding(() => https.createServer({ key, cert }, app));
 */
export function withTokenBinding<T>(create: () => T, options: TokenBindingOptions = {}): T {
  return configureContexts("withTokenBinding", create, true, offerOf(options));
}

function offerOf(options: TokenBindingOptions): Uint8Array {
  checkOptions("withTokenBinding", options, { keyParameters: isList });
  const { keyParameters = defaultKeyParameters } = options;
  checkKeyParametersList(keyParameters);
  const keyParametersList = keyParameters.map((name) => keyParametersCodes[name]);
  return encodeTokenBindingParameters({ version: tokenBindingVersion, keyParametersList });
}

const isList = { expected: "a list of names", test: Array.isArray };

/** Runs `create` with the addon watching; `caller` is named in the error. */
export function configureContexts<T>(
  caller: string,
  create: () => T,
  checked: boolean,
  offer?: Uint8Array,
  answer?: Uint8Array,
): T {
  let result: T | undefined;
  const contexts = native().configure(
    () => {
      result = create();
    },
    checked,
    offer,
    answer,
  );
  if (contexts === 0) {
    throw new TokenBindingError(
      "invalid_argument",
      `${caller}: expected create() to make a TLS context before it returns, for example by https.createServer or tls.connect, got none`,
    );
  }
  return result as T;
}
