import type { SecureContext, SecureContextOptions } from "node:tls";
import { createSecureContext } from "../agent/secure-context.ts";

const maxContexts = 16;

/** What a TLS context is made from. */
const names = [
  "allowPartialTrustChain",
  "ca",
  "cert",
  "ciphers",
  "clientCertEngine",
  "crl",
  "ecdhCurve",
  "key",
  "maxVersion",
  "minVersion",
  "passphrase",
  "pfx",
  "privateKeyEngine",
  "privateKeyIdentifier",
  "secureOptions",
  "secureProtocol",
  "sigalgs",
] as const satisfies (keyof SecureContextOptions)[];

interface Known {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
}

/**
 * TLS contexts, which are costly to make, for the connections of one agent: one for its options, and others for requests
 * that bring options of their own.
 */
export class TlsContexts {
  readonly #configure: (create: () => SecureContext) => SecureContext;
  readonly #known: Known[] = [];

  /** @param configure - calls what makes a context, which it may change */
  constructor(configure: (create: () => SecureContext) => SecureContext) {
    this.#configure = configure;
  }

  /** @throws TokenBindingError `invalid_argument` */
  get(options: SecureContextOptions): SecureContext {
    const found = this.#known.find((each) => names.every((name) => each.options[name] === options[name]));
    if (found !== undefined) return found.context;
    const own: SecureContextOptions = Object.fromEntries(names.map((name) => [name, options[name]]));
    const context = this.#configure(() => createSecureContext("TokenBindingHttpsAgent", own));
    this.#known.unshift({ options: own, context });
    this.#known.length = Math.min(this.#known.length, maxContexts);
    return context;
  }
}
