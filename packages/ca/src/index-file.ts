import { closeSync, fdatasyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { setImmediate as others } from "node:timers/promises";
import { TokenBindingError } from "@tokbind/codec";
import { fileError } from "./errors.ts";
import type { CheckedNames } from "./names.ts";
import type { CertificateProfile } from "./profiles.ts";
import type { RevocationReason } from "./revocation-reason.ts";

/** The first line: whose index this is. */
interface AuthorityLine {
  readonly type: "authority";
  readonly version: 1;
  readonly organization: string;
  readonly permittedDomains: readonly string[];
}

/** Written before a certificate leaves. */
export interface IssuedLine {
  readonly type: "issued";
  readonly serialNumber: string;
  readonly profile: CertificateProfile;
  readonly names: CheckedNames;
  readonly notBefore: string;
  readonly notAfter: string;
  /** SHA-256 of the certificate, hex. */
  readonly sha256: string;
  /** Serial number of the certificate that this one renews. */
  readonly renews?: string | undefined;
}

export interface RevokedLine {
  readonly type: "revoked";
  readonly serialNumber: string;
  readonly at: string;
  readonly reason: RevocationReason;
}

/** Written before a CRL leaves. */
export interface CrlLine {
  readonly type: "crl";
  readonly issuer: "root" | "issuing";
  readonly number: number;
  readonly thisUpdate: string;
  readonly nextUpdate: string;
}

export type IndexLine = AuthorityLine | IssuedLine | RevokedLine | CrlLine;

/**
 * What a CA has done, one line of JSON after the other; what is written stays. A line counts once its line feed is on disk:
 * whoever dies before that has done nothing, and the next one to write takes the rest away.
 */
export class IndexFile {
  readonly path: string;
  authority: Omit<AuthorityLine, "type" | "version"> = { organization: "", permittedDomains: [] };
  /** By serial number, in the order in which they were issued. */
  readonly issued = new Map<string, IssuedLine>();
  /** By serial number; the first revocation counts. */
  readonly revoked = new Map<string, RevokedLine>();
  /** The last one of each CA. */
  readonly crls = new Map<CrlLine["issuer"], CrlLine>();
  /** Bytes that have been read: whole lines only. */
  #end = 0;
  #lines = 0;
  /** Whether anything follows them. */
  #isTorn = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Reads what has been added since, by this process or others. */
  async read(): Promise<void> {
    while (this.#with("r", (file) => this.#readSome(file))) await others();
  }

  /** @returns whether there is more */
  #readSome(file: number): boolean {
    const buffer = Buffer.allocUnsafe(chunkSize);
    for (let chunks = 0; chunks < chunksAtOnce; chunks++) {
      const length = readSync(file, buffer, 0, chunkSize, this.#end);
      const whole = length === 0 ? 0 : buffer.lastIndexOf(0x0a, length - 1) + 1;
      this.#isTorn = length > whole;
      if (whole === 0 && length === chunkSize) throw this.#damaged();
      if (whole === 0) return false;
      for (const text of buffer.toString("utf8", 0, whole - 1).split("\n")) this.#take(this.#parse(text));
      this.#end += whole;
    }
    return true;
  }

  /** Adds a line, and returns when it is on disk. Only under the lock, after {@link read}. */
  append(line: IndexLine): void {
    this.#with("r+", (file) => {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      if (this.#isTorn) ftruncateSync(file, this.#end);
      this.#isTorn = true;
      for (let at = 0; at < bytes.length;) {
        at += writeSync(file, bytes, at, bytes.length - at, this.#end + at);
      }
      fdatasyncSync(file);
      this.#isTorn = false;
      this.#end += bytes.length;
      this.#take(line);
    });
  }

  #parse(text: string): IndexLine {
    try {
      const line = JSON.parse(text) as { readonly type?: unknown; readonly version?: unknown };
      const isKnown = line.type === "authority" ? line.version === 1 : lineTypes.has(line.type);
      if (isKnown) return line as IndexLine;
    } catch {
      // No JSON, or null.
    }
    throw this.#damaged();
  }

  #damaged(): TokenBindingError {
    return fileError(
      "ca_state",
      this.path,
      `is damaged in line ${this.#lines + 1}: restore it from a backup`,
    );
  }

  #take(line: IndexLine): void {
    this.#lines++;
    switch (line.type) {
      case "authority":
        this.authority = line;
        return;
      case "issued":
        this.issued.set(line.serialNumber, line);
        return;
      case "revoked":
        if (!this.revoked.has(line.serialNumber)) this.revoked.set(line.serialNumber, line);
        return;
      case "crl":
        this.crls.set(line.issuer, line);
    }
  }

  #with<T>(flags: string, work: (file: number) => T): T {
    let file: number | undefined;
    try {
      file = openSync(this.path, flags);
      return work(file);
    } catch (error) {
      if (error instanceof TokenBindingError) throw error;
      throw fileError("ca_state", this.path, "cannot be used", error);
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

const lineTypes = new Set<unknown>(["issued", "revoked", "crl"] satisfies IndexLine["type"][]);

/** A line is never longer. */
const chunkSize = 64 * 1024;
/** After which others have their turn. */
const chunksAtOnce = 16;
