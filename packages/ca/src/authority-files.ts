import { join } from "node:path";

/** The files of a CA's directory. */
export interface AuthorityFiles {
  readonly index: string;
  readonly rootCertificate: string;
  /** Absent where the root's key is kept off line. */
  readonly rootKey: string;
  readonly rootCrl: string;
  readonly issuingCertificate: string;
  readonly issuingKey: string;
  readonly crl: string;
}

export function authorityFiles(directory: string): AuthorityFiles {
  return {
    index: join(directory, "index.jsonl"),
    rootCertificate: join(directory, "root.cert.pem"),
    rootKey: join(directory, "root.key.pem"),
    rootCrl: join(directory, "root.crl.pem"),
    issuingCertificate: join(directory, "issuing.cert.pem"),
    issuingKey: join(directory, "issuing.key.pem"),
    crl: join(directory, "crl.pem"),
  };
}
