export type { NotAPromise } from "./configure-contexts.ts";
export { type NegotiatedTokenBinding, negotiatedTokenBinding } from "./negotiated-token-binding.ts";
export { renewCertificate, type RenewedCertificate } from "./renew-certificate.ts";
export { type TokenBindingOptions, withTokenBinding } from "./with-token-binding.ts";
