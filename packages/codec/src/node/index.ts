/**
 * What servers on Node.js read of a request and of its connection, whatever is bound: the only part of this package that
 * needs Node.
 *
 * @module
 */

export { certificateThumbprint } from "./certificate-thumbprint.ts";
export type { ClientCertificate, ClientKind, SubjectAltNames } from "./client-certificate.ts";
export { checkWhole, connectionOf, type NodeRequest, socketOf } from "./request.ts";
export { proxyFields } from "./proxy-fields.ts";
export { ProxyTrust, type TrustedProxies } from "./trusted-proxies.ts";
