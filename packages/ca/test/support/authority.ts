import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority, type CreateOptions } from "@tokbind/ca";
import { onTestFinished } from "vitest";

/** A CA of a test's own, or with afterAll of all tests of a file, in a directory that goes with it. */
export async function newAuthority(
  options: Partial<CreateOptions> = {},
  whenOver: (cleanUp: () => void) => void = onTestFinished,
): Promise<{ readonly ca: CertificateAuthority; readonly directory: string; readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "tokbind-ca-test-"));
  whenOver(() => {
    rmSync(folder, { recursive: true });
  });
  const directory = join(folder, "ca");
  const ca = await CertificateAuthority.create({ directory, organization: "Example", ...options });
  return { ca, directory, folder };
}

/** Writes a file into a folder and returns its path. */
export function file(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
