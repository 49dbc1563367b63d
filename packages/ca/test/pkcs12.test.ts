import { encodePkcs12 } from "@tokbind/ca";
import { afterAll, expect, test } from "vitest";
import { file, newAuthority } from "./support/authority.ts";
import { has, openssl, run } from "./support/programs.ts";

const { ca, folder } = await newAuthority({}, afterAll);
const hasCerttool = has("certtool", "gnutls-bin");
const alice = await ca.issue({ profile: "user", name: "Älice", email: "alice@example.test" });
const certificates = alice.chain + ca.rootCertificate;
const { privateKey } = alice;

const blocks = (text: string, label: string) =>
  text.match(new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, "g")) ?? [];

test.each(["secret", "pä sswörd", "🔑🔑", "x".repeat(200)])(
  "[A-57] PKCS #12 with the password %s",
  (password) => {
    const path = file(
      folder,
      "alice.p12",
      encodePkcs12({ certificates, privateKey, password, friendlyName: "Älice" }),
    );
    const { code, text } = openssl(["pkcs12", "-in", path, "-passin", `pass:${password}`, "-nodes", "-info"]);
    expect(code, text).toBe(0);
    // What old phones and Apple's keychain read.
    expect(text).toContain("MAC: sha1, Iteration 10000");
    expect(text.match(/pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 10000/g)).toHaveLength(2);
    expect(
      blocks(text, "CERTIFICATE")
        .map((one) => `${one}\n`)
        .join(""),
    ).toBe(certificates);
    expect(blocks(text, "PRIVATE KEY").map((one) => `${one}\n`)).toEqual([privateKey]);
    expect(text.match(/localKeyID/g)).toHaveLength(2);
    expect(openssl(["pkcs12", "-in", path, "-passin", "pass:wrong", "-nodes"]).code).not.toBe(0);
    if (!hasCerttool) return;
    const gnutls = run("certtool", ["--p12-info", "--inder", "--infile", path, "--password", password]);
    expect(gnutls.code, gnutls.text).toBe(0);
    expect(gnutls.text).toContain("Friendly name: Älice");
    expect(
      blocks(gnutls.text, "CERTIFICATE")
        .map((one) => `${one}\n`)
        .join(""),
    ).toBe(certificates);
  },
);

test("a key that was encrypted goes in as well", async () => {
  const bob = await ca.issue({ profile: "user", email: "bob@example.test", passphrase: "his" });
  const options = { certificates: bob.chain, privateKey: bob.privateKey, password: "secret" };
  expect(() => encodePkcs12(options)).toThrow(expect.objectContaining({ code: "key_import" }) as Error);
  const path = file(folder, "bob.p12", encodePkcs12({ ...options, passphrase: "his" }));
  expect(openssl(["pkcs12", "-in", path, "-passin", "pass:secret", "-nodes"]).code).toBe(0);
});

test.each([
  [
    "another key",
    { privateKey: (await ca.issue({ profile: "device", uri: "urn:a" })).privateKey },
    "key_import",
  ],
  ["no key", { privateKey: "none" }, "key_import"],
  ["no certificates", { certificates: "none" }, "certificate_malformed"],
  [
    "a broken certificate",
    { certificates: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" },
    "certificate_malformed",
  ],
  ["an empty password", { password: "" }, "invalid_argument"],
  ["an unknown option", { iterations: 1 }, "invalid_argument"],
])("%s is refused", (_, change, code) => {
  expect(() => encodePkcs12({ certificates, privateKey, password: "secret", ...change })).toThrow(
    expect.objectContaining({ code }) as Error,
  );
});
