import { TokenBindingError } from "@tokbind/codec";

/** A forward proxy. */
export interface Proxy {
  /** Scheme, host and port, for errors and diagnostics: never with credentials. */
  readonly origin: string;
  readonly isHttps: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The value of Proxy-Authorization (RFC 7617). */
  readonly authorization: string | undefined;
}

/**
 * @param source - names where the URL comes from, for the error, which shows nothing of the URL: it may hold a password
 * @throws TokenBindingError `invalid_argument`
 */
export function parseProxyUrl(source: string, text: string | URL): Proxy {
  const url = URL.canParse(String(text)) ? new URL(text) : undefined;
  const isHttps = url?.protocol === "https:";
  if (url === undefined || !(isHttps || url.protocol === "http:")) {
    throw invalid(source, url ? `one of the scheme ${url.protocol}` : "something else");
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw invalid(source, "one with a path, a query or a fragment");
  }
  return {
    origin: url.origin,
    isHttps,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (isHttps ? 443 : 80)),
    authorization: authorization(source, url),
  };
}

function authorization(source: string, { username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  let user: string, secret: string;
  try {
    [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  } catch {
    throw invalid(source, "one whose user or password is not percent-encoded UTF-8");
  }
  if (user.includes(":")) throw invalid(source, "one whose user contains a colon (RFC 7617 section 2)");
  return `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
}

function invalid(source: string, got: string): TokenBindingError {
  return new TokenBindingError(
    "invalid_argument",
    `${source}: expected a URL such as http://user:password@proxy.example:3128, http or https, got ${got}`,
  );
}
