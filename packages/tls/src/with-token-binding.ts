import {
  encodeTokenBindingParameters,
  type KeyParameters,
  keyParametersCodes,
  TokenBindingError,
  tokenBindingVersion,
} from "@tokbind/codec";
import { native } from "./native.ts";

/** What {@link withTokenBinding} negotiates. */
export interface TokenBindingOptions {
  /**
   * Offered as a client and accepted as a server, in falling preference; a server's order decides (RFC 8472
   * section 4). Default: `ecdsap256`, `rsa2048_pss`, `rsa2048_pkcs1.5`.
   */
  readonly keyParameters?: readonly KeyParameters[];
}

const defaultKeyParameters: readonly KeyParameters[] = ["ecdsap256", "rsa2048_pss", "rsa2048_pkcs1.5"];

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
 * const server = withTokenBinding({}, () => https.createServer({ key, cert }, app));
 */
export function withTokenBinding<T>(options: TokenBindingOptions, create: () => T): T {
  return configureContexts("withTokenBinding", create, true, offerOf(options));
}

function offerOf({ keyParameters = defaultKeyParameters }: TokenBindingOptions): Uint8Array {
  const codes = keyParameters.map((name) => {
    if (Object.hasOwn(keyParametersCodes, name)) return keyParametersCodes[name];
    const names = Object.keys(keyParametersCodes).join(", ");
    throw new TokenBindingError("invalid_argument", `keyParameters: expected ${names}, got ${name}`);
  });
  if (codes.length === 0 || new Set(codes).size !== codes.length) {
    throw new TokenBindingError(
      "invalid_argument",
      `keyParameters: expected at least one name and none twice, got [${keyParameters.join(", ")}]`,
    );
  }
  return encodeTokenBindingParameters({ version: tokenBindingVersion, keyParametersList: codes });
}

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
