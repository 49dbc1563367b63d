import { readFileSync, statSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import {
  type ClientCertificate,
  ClientCertificateVerifier,
  type MutualTlsOptions,
} from "@tokbind/mutual-tls";
import { renewCertificate } from "@tokbind/server";
import type { Server } from "node:tls";
import { warn } from "../output.ts";

/** Names of files, PEM. */
export interface RevocationFilesOptions {
  readonly ca: readonly string[];
  readonly crl?: readonly string[] | undefined;
}

/**
 * Verifies client certificates by CAs and CRLs that are files: when one of these changes, the next request is judged by
 * the new one. A file that cannot be read, or is none, leaves everything as it is, with a warning.
 */
export class RevocationFiles {
  readonly #files: RevocationFilesOptions;
  readonly #verifier: ClientCertificateVerifier;
  #state: string;

  constructor(files: RevocationFilesOptions) {
    this.#files = files;
    this.#state = this.#look();
    this.#verifier = new ClientCertificateVerifier(this.#read());
  }

  get tlsOptions(): MutualTlsOptions {
    return this.#verifier.tlsOptions;
  }

  /** @throws TokenBindingError as ClientCertificateVerifier */
  verify(request: IncomingMessage): ClientCertificate {
    const state = this.#look();
    if (state !== this.#state) {
      this.#state = state;
      this.#reload(request);
    }
    return this.#verifier.verify(request);
  }

  #reload({ socket }: IncomingMessage): void {
    try {
      const changed = this.#verifier.reload(this.#read());
      if (changed !== undefined) renewCertificate((socket as unknown as { server: Server }).server, changed);
    } catch (error) {
      warn(`serve: the client CAs and CRLs stay as they were: ${String(error)}\n`);
    }
  }

  #read(): { ca: Buffer[]; crl: Buffer[] | undefined } {
    const { ca, crl } = this.#files;
    return { ca: ca.map((file) => readFileSync(file)), crl: crl?.map((file) => readFileSync(file)) };
  }

  /** Another text whenever a file has changed. */
  #look(): string {
    const { ca, crl = [] } = this.#files;
    return [...ca, ...crl]
      .map((file) => {
        const stats = statSync(file, { throwIfNoEntry: false });
        return stats ? [stats.ino, stats.size, stats.mtimeMs].join() : "absent";
      })
      .join(";");
  }
}
