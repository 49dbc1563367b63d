import type { X509Certificate } from "node:crypto";
import { isIP, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { checkOptions, isBoolean, isFunction } from "../options.ts";
import { certificateThumbprint } from "./certificate-thumbprint.ts";
import { connectionOf, type NodeRequest, socketOf } from "./request.ts";

/**
 * Whose word counts for what the client proved (draft-ietf-tokbind-ttrp-09 section 4). One of the members suffices;
 * without any, nobody is trusted.
 */
export interface TrustedProxies {
  /**
   * Client certificates of the proxies by their thumbprints, `x5t#S256`: base64url of the SHA-256 of the DER, 43
   * characters. The server has to ask for one (`requestCert: true`).
   */
  readonly thumbprints?: readonly string[] | undefined;
  /**
   * Says of a client certificate whether it is a proxy's. Asked once for each connection, and only for certificates
   * that the server's `ca` accepted.
   */
  readonly isProxy?: ((certificate: X509Certificate) => boolean) | undefined;
  /** Everybody who may open the Unix socket that the server listens on. */
  readonly unixSocket?: boolean | undefined;
  /**
   * Everybody who connects from one of these IP addresses, without any proof: whoever else can send from there, or runs
   * on the same machine, can be every user. Better give the proxy a certificate.
   */
  readonly addressesWithoutProof?: readonly string[] | undefined;
}

const isThumbprint = (value: unknown) => typeof value === "string" && /^[\w-]{43}$/.test(value);
const isAddress = (value: unknown) => typeof value === "string" && isIP(value) !== 0;
const listOf = (test: (value: unknown) => boolean, what: string) => ({
  expected: `a list of ${what}`,
  test: (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(test),
});

/** Tells trusted proxies from everybody else. */
export class ProxyTrust {
  readonly #proxies: TrustedProxies;
  // Of a connection, never of a request: who is at its other end.
  readonly #connections = new WeakMap<object, boolean>();

  /**
   * @param owner - whose option it is, for the error message
   * @throws TokenBindingError `invalid_argument`
   */
  constructor(owner: string, proxies: TrustedProxies) {
    checkOptions(`${owner}: trustedProxies`, proxies, {
      thumbprints: listOf(isThumbprint, "x5t#S256 thumbprints of 43 characters"),
      isProxy: isFunction,
      unixSocket: isBoolean,
      addressesWithoutProof: listOf(isAddress, "IP addresses"),
    });
    const { thumbprints, addressesWithoutProof } = proxies;
    // Who changes the lists later changes nothing.
    this.#proxies = {
      ...proxies,
      thumbprints: thumbprints && [...thumbprints],
      addressesWithoutProof: addressesWithoutProof && [...addressesWithoutProof],
    };
  }

  /** Whether a request came over a connection from a trusted proxy. */
  trusts(request: NodeRequest): boolean {
    const connection = connectionOf(request);
    const socket = connection && socketOf(connection);
    if (connection === undefined || socket === undefined) return false;
    let isProxy = this.#connections.get(connection);
    if (isProxy === undefined) {
      isProxy = isTrusted(this.#proxies, socket);
      this.#connections.set(connection, isProxy);
    }
    return isProxy;
  }
}

function isTrusted(proxies: TrustedProxies, socket: Socket): boolean {
  if (proxies.unixSocket && isUnixSocket(socket)) return true;
  if (proxies.addressesWithoutProof?.some((address) => isSameAddress(address, socket.remoteAddress)))
    return true;
  const certificate = (socket as Partial<TLSSocket>).getPeerX509Certificate?.();
  if (certificate === undefined) return false;
  if (proxies.thumbprints?.includes(certificateThumbprint(certificate))) return true;
  return (socket as Partial<TLSSocket>).authorized === true && proxies.isProxy?.(certificate) === true;
}

/** By the server's own address: a socket's is undefined also when its other end is gone. */
function isUnixSocket(socket: Socket): boolean {
  const { server } = socket as { server?: Server };
  return typeof server?.address() === "string";
}

function isSameAddress(expected: string, got: string | undefined): boolean {
  // Of a listener for both families.
  return got !== undefined && canonical(got.replace(/^::ffff:(?=[\d.]+$)/i, "")) === canonical(expected);
}

function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address.replace(/%.*$/, "")}]/`).hostname : address;
}
