import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPrivateKey } from "node:crypto";
import { inspect } from "node:util";
import { CertificateAuthority } from "@tokbind/ca";
import { expect, test } from "vitest";
import { newAuthority } from "./support/authority.ts";
import { openssl } from "./support/programs.ts";

const order = { profile: "device", uri: "urn:a" } as const;
const passphrase = "correct horse battery";
const modeOf = (path: string) => statSync(path).mode & 0o777;

test("[CA-20] keys and index are their owner's alone", async () => {
  const { ca, directory } = await newAuthority();
  await ca.issue(order);
  await ca.crl();
  for (const name of readdirSync(directory)) {
    const isPublic = name.endsWith(".cert.pem") || name.endsWith("crl.pem");
    expect(modeOf(join(directory, name)), name).toBe(isPublic ? 0o644 : 0o600);
  }
});

test("[CA-20] with a passphrase, keys are PKCS #8 with scrypt and AES-256, which OpenSSL reads", async () => {
  const { ca, directory } = await newAuthority({ passphrase });
  const issued = await ca.issue({ ...order, passphrase: "another" });
  const pems = [
    [readFileSync(join(directory, "issuing.key.pem"), "utf8"), passphrase],
    [readFileSync(join(directory, "root.key.pem"), "utf8"), passphrase],
    [issued.privateKey, "another"],
  ] as const;
  for (const [pem, right] of pems) {
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    const { text } = openssl(["asn1parse"], pem);
    for (const name of ["PBES2", ":scrypt", "aes-256-cbc"]) expect(text).toContain(name);
    expect(openssl(["pkey", "-noout", "-text", "-passin", `pass:${right}`], pem).text).toContain("P-256");
    expect(openssl(["pkey", "-noout", "-passin", "pass:wrong"], pem).code).not.toBe(0);
    createPrivateKey({ key: pem, passphrase: right });
  }
});

test("[CA-20] signing needs the passphrase; looking does not; errors show neither key nor passphrase", async () => {
  const { directory } = await newAuthority({ passphrase });
  const attempts = [
    [undefined, /is encrypted: expected its passphrase, got none/],
    ["wrong passphrase", /the passphrase is wrong/],
  ] as const;
  for (const [given, message] of attempts) {
    const ca = await CertificateAuthority.open({ directory, passphrase: given });
    const before = readFileSync(join(directory, "index.jsonl"));
    for (const sign of [() => ca.issue(order), () => ca.crl(), () => ca.rootCrl()]) {
      const error: unknown = await sign().catch((one: unknown) => one);
      expect(error).toMatchObject({ code: "key_import", message: expect.stringMatching(message) as string });
      expect(inspect(error)).not.toMatch(/wrong passphrase"|correct horse|BEGIN/);
    }
    expect(readFileSync(join(directory, "index.jsonl"))).toEqual(before);
    expect(await ca.list()).toEqual([]);
  }
});

test("[CA-20] the root's key is kept elsewhere, under a passphrase of its own", async () => {
  const rootPassphrase = "in the safe";
  const { folder } = await newAuthority();
  const rootKey = join(folder, "usb.key.pem");
  const { ca, directory } = await newAuthority({ passphrase, rootKey, rootPassphrase });
  expect(existsSync(join(directory, "root.key.pem"))).toBe(false);
  expect(modeOf(rootKey)).toBe(0o600);
  // All of the daily work goes without it.
  const pem = readFileSync(rootKey, "utf8");
  rmSync(rootKey);
  const { serialNumber } = await ca.issue(order);
  await ca.revoke({ serialNumber });
  await ca.crl();
  await expect(ca.rootCrl()).rejects.toMatchObject({ code: "key_store" });
  writeFileSync(rootKey, pem, { mode: 0o600 });
  await expect(ca.rootCrl({ rootKey })).rejects.toMatchObject({ code: "key_import" });
  expect((await ca.rootCrl({ rootKey, rootPassphrase })).number).toBe(2);
  // Nothing but this root's key makes its CRL.
  const issuingKey = join(directory, "issuing.key.pem");
  await expect(ca.rootCrl({ rootKey: issuingKey, rootPassphrase: passphrase })).rejects.toMatchObject({
    code: "key_import",
    message: expect.stringContaining("is not the key of this root") as string,
  });
});

test("[CA-20] a key that others can read is not used", async () => {
  const { directory } = await newAuthority();
  const path = join(directory, "issuing.key.pem");
  const ca = await CertificateAuthority.open({ directory });
  chmodSync(path, 0o640);
  await expect(ca.issue(order)).rejects.toMatchObject({
    code: "key_store",
    message: expect.stringContaining("can be read by other users") as string,
  });
  chmodSync(path, 0o600);
  await ca.issue(order);
});

test("[CA-20] a directory that others can write to is not used", async () => {
  const { directory } = await newAuthority();
  chmodSync(directory, 0o770);
  await expect(CertificateAuthority.open({ directory })).rejects.toMatchObject({ code: "ca_state" });
  chmodSync(directory, 0o755);
  await CertificateAuthority.open({ directory });
});

test("the key of another CA signs nothing", async () => {
  const { directory } = await newAuthority();
  const other = await newAuthority();
  writeFileSync(join(directory, "issuing.key.pem"), readFileSync(join(other.directory, "issuing.key.pem")));
  const ca = await CertificateAuthority.open({ directory });
  await expect(ca.issue(order)).rejects.toMatchObject({ code: "key_import" });
});

test("nothing is overwritten by a new CA", async () => {
  const { directory, folder } = await newAuthority();
  const before = readdirSync(directory).map((name) => readFileSync(join(directory, name), "utf8"));
  const create = (options: object = {}) =>
    CertificateAuthority.create({ directory, organization: "Another", ...options });
  await expect(create()).rejects.toMatchObject({
    code: "ca_state",
    message: expect.stringContaining("exists already") as string,
  });
  expect(readdirSync(directory).map((name) => readFileSync(join(directory, name), "utf8"))).toEqual(before);
  // Nor is a key that lies where the root's should go, and then no CA is left either.
  const rootKey = join(folder, "precious.pem");
  writeFileSync(rootKey, "precious");
  const elsewhere = join(folder, "elsewhere");
  await expect(create({ directory: elsewhere, rootKey })).rejects.toMatchObject({ code: "ca_state" });
  expect(readFileSync(rootKey, "utf8")).toBe("precious");
  expect(readdirSync(folder).toSorted()).toEqual(["ca", "precious.pem"]);
  // A file in its place, and a directory that cannot be made.
  await expect(create({ directory: rootKey })).rejects.toMatchObject({ code: "ca_state" });
  await expect(create({ directory: join(rootKey, "ca") })).rejects.toMatchObject({ code: "ca_state" });
});

test("two that make the same CA at once: one does", async () => {
  const { folder } = await newAuthority();
  const directory = join(folder, "contested");
  const made = await Promise.allSettled(
    ["A", "B", "C"].map((organization) => CertificateAuthority.create({ directory, organization })),
  );
  expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const ca = await CertificateAuthority.open({ directory });
  await ca.issue(order);
  expect(readdirSync(folder).toSorted()).toEqual(["ca", "contested"]);
});
