export {
  CertificateAuthority,
  type IssuedCertificate,
  type IssuedKeyPair,
  type MadeCrl,
} from "./certificate-authority.ts";
export type { CertificateRecord } from "./certificate-record.ts";
export type { OnProgress } from "./crl.ts";
export type { CertificateNames } from "./names.ts";
export type {
  CertificateOrder,
  CreateOptions,
  CrlOptions,
  IssueOptions,
  OpenOptions,
  RenewOptions,
  RevokeOptions,
  RootCrlOptions,
  SignOptions,
} from "./options.ts";
export { encodePkcs12, type Pkcs12Options } from "./pkcs12.ts";
export type { CertificateProfile } from "./profiles.ts";
export {
  createRenewalRequest,
  type CreateRenewalRequestOptions,
  type RenewalRequest,
} from "./renewal-request.ts";
export { renewalTimeOf } from "./renewal-time.ts";
export type { RevocationReason } from "./revocation-reason.ts";
