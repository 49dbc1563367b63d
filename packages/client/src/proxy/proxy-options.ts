import type { ConnectionOptions, SecureContext } from "node:tls";
import { checkOptions, isBoolean, type OptionRule } from "@tokbind/codec/options";
import { isHostName } from "../agent/route.ts";
import { createSecureContext } from "../agent/secure-context.ts";
import { isMaterial, isString } from "../agent/tls-options.ts";

/** The options of TLS to a forward proxy that is itself reached over https. Those for the origins do not apply there. */
export interface ProxyTlsOptions {
  /** Certificates to trust, PEM. Default: those of Node. */
  readonly ca?: ConnectionOptions["ca"] | undefined;
  /** The certificate of this client, where the proxy asks for one. */
  readonly cert?: ConnectionOptions["cert"] | undefined;
  readonly key?: ConnectionOptions["key"] | undefined;
  readonly passphrase?: ConnectionOptions["passphrase"] | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
  /** The name that the certificate has to be for. Default: the host of the URL. */
  readonly servername?: string | undefined;
}

/** Which forward proxy connections go through. */
export interface ProxyOptions {
  /**
   * The URL of a forward proxy, `http:` or `https:`, with its user and password if it asks for them; or "environment":
   * what HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or these names in lower case, say at the moment. Default: no proxy,
   * whatever the environment says.
   */
  readonly proxy?: string | URL | undefined;
  /** For a proxy that is reached over https, and refused without one. */
  readonly proxyTls?: ProxyTlsOptions | undefined;
}

const tlsRules: Readonly<Record<keyof ProxyTlsOptions, OptionRule>> = {
  ca: isMaterial,
  cert: isMaterial,
  key: isMaterial,
  passphrase: isString,
  rejectUnauthorized: isBoolean,
  servername: { expected: "the name of a host", test: isHostName },
};

/** The rules of {@link ProxyOptions}, for those who take them among others. */
export const proxyRules: Readonly<Record<keyof ProxyOptions, OptionRule>> = {
  proxy: {
    expected: '"environment" or the URL of a proxy',
    test: (value) => typeof value === "string" || value instanceof URL,
  },
  proxyTls: {
    expected: "an object of options",
    test: (value) => typeof value === "object" && value !== null,
  },
};

/** What a connection to a proxy over https takes. */
export interface ProxyTls {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}

/** @throws TokenBindingError `invalid_argument` */
export function prepareProxyTls(owner: string, options: ProxyTlsOptions): ProxyTls {
  checkOptions(`${owner}: proxyTls`, options, tlsRules);
  const { rejectUnauthorized = true, servername, ...material } = options;
  const secureContext = createSecureContext(`${owner}: proxyTls`, material);
  return { secureContext, rejectUnauthorized, ...(servername !== undefined && { servername }) };
}
