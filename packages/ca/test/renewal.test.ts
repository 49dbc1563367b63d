import { createPrivateKey, sign, X509Certificate } from "node:crypto";
import { createRenewalRequest, type RenewalRequest, renewalTimeOf } from "@tokbind/ca";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { newAuthority } from "./support/authority.ts";
import { verified } from "./support/chains.ts";

const authority = await newAuthority({}, afterAll);
const { ca } = authority;
const day = 24 * 60 * 60 * 1000;
const order = {
  profile: "user",
  name: "Alice",
  email: "alice@example.test",
  upn: "alice@corp.example",
} as const;

afterEach(() => vi.useRealTimers());

/** What goes to the CA. */
async function renewalRequest(current: { certificate: string; privateKey: string }): Promise<RenewalRequest> {
  const { certificate, privateKey } = current;
  const { request, proof } = await createRenewalRequest({ certificate, privateKey });
  return { certificate, request, proof };
}

test("[CA-13] renewed: same names and profile, new serial number and key", async () => {
  const current = await ca.issue(order);
  const { privateKey, ...request } = await createRenewalRequest({
    certificate: current.chain,
    privateKey: current.privateKey,
  });
  const renewed = await ca.renew(request);
  const [before, after] = [current, renewed].map(({ certificate }) => new X509Certificate(certificate));
  expect(after!.subject).toBe(before!.subject);
  expect(after!.subjectAltName).toBe(before!.subjectAltName);
  expect(after!.serialNumber).not.toBe(before!.serialNumber);
  expect(after!.publicKey.equals(before!.publicKey)).toBe(false);
  expect(after!.checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
  expect(verified(authority, renewed.certificate).text).toMatch(/: OK\n$/);
  const [first, second] = (await ca.list()).slice(-2);
  expect(second!.renews).toBe(first!.serialNumber);
  expect(second!.names).toEqual(first!.names);
  // The renewed one can be renewed again, and the old one counts until it ends.
  await ca.renew(await renewalRequest({ ...renewed, privateKey }));
  expect(first!.status).toBe("good");
});

test("[CA-13] a key that is encrypted is read, and the new one is encrypted by the same passphrase", async () => {
  const current = await ca.issue({ ...order, passphrase: "correct horse" });
  const { certificate, privateKey } = current;
  await expect(createRenewalRequest({ certificate, privateKey })).rejects.toMatchObject({
    code: "key_import",
  });
  const made = await createRenewalRequest({ certificate, privateKey, passphrase: "correct horse" });
  expect(made.privateKey).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  createPrivateKey({ key: made.privateKey, passphrase: "correct horse" });
});

test("[CA-13] not after revocation, also when it comes between request and renewal", async () => {
  const current = await ca.issue(order);
  const { serialNumber } = current;
  const request = await renewalRequest(current);
  await ca.renew(request);
  const before = (await ca.list()).length;
  const outcomes = await Promise.allSettled([
    ca.revoke({ serialNumber }),
    ca.renew(request),
    ca.renew(request),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  await expect(ca.renew(request)).rejects.toMatchObject({ code: "certificate_revoked" });
  expect(await ca.list()).toHaveLength(before);
});

test("[CA-13] not after expiry", async () => {
  const request = await renewalRequest(await ca.issue({ ...order, days: 1 }));
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1.001 * day });
  await expect(ca.renew(request)).rejects.toMatchObject({ code: "certificate_expired" });
});

test("[CA-13] not without the key of the current certificate", async () => {
  const alice = await ca.issue(order);
  const thief = await ca.issue({ ...order, email: "mallory@example.test" });
  await expect(
    createRenewalRequest({ certificate: alice.certificate, privateKey: thief.privateKey }),
  ).rejects.toMatchObject({ code: "key_import" });
  const theirs = await renewalRequest(thief);
  const hers = await renewalRequest(alice);
  const before = (await ca.list()).length;
  const refused = { code: "certificate_request" };
  // Her certificate with the thief's proof; her proof for the thief's key; a signature for another purpose.
  await expect(ca.renew({ ...theirs, certificate: alice.certificate })).rejects.toMatchObject(refused);
  await expect(ca.renew({ ...hers, request: theirs.request })).rejects.toMatchObject(refused);
  const elsewhere = sign("sha256", Buffer.from(theirs.request), createPrivateKey(alice.privateKey));
  await expect(
    ca.renew({ ...theirs, certificate: alice.certificate, proof: elsewhere.toString("base64url") }),
  ).rejects.toMatchObject(refused);
  for (const proof of ["", "AAAA", "%%%", "x".repeat(100_000)]) {
    const outcome = ca.renew({ ...hers, proof });
    await expect(outcome).rejects.toMatchObject({
      code: proof === "" ? "invalid_argument" : "certificate_request",
    });
  }
  expect(await ca.list()).toHaveLength(before);
});

test("[CA-13] not for a certificate of another CA, with the same names and the same name of the CA", async () => {
  const { ca: other } = await newAuthority();
  const request = await renewalRequest(await other.issue(order));
  await expect(ca.renew(request)).rejects.toMatchObject({ code: "certificate_untrusted" });
});

test.each([
  ["user", 30],
  ["service", 7],
] as const)("[CA-24] a %s's certificate is due after two thirds of its life", async (profile, days) => {
  const names = profile === "user" ? { email: "a@a.test" } : { uri: "urn:a" };
  const { chain, notBefore } = await ca.issue({ profile, ...names });
  const due = (renewalTimeOf(chain).getTime() - notBefore.getTime()) / day;
  expect(due).toBeCloseTo((days * 2) / 3, 1);
  expect(() => renewalTimeOf("none")).toThrow(
    expect.objectContaining({ code: "certificate_malformed" }) as Error,
  );
});
