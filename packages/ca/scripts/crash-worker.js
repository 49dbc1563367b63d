// A process of crash.js: issues, revokes and makes CRLs until it is killed. It says on standard output what it has been
// given, at once and in whole lines; what it has not said may have happened or not.

import { createHash, X509Certificate } from "node:crypto";
import { writeSync } from "node:fs";
import { CertificateAuthority } from "../dist/index.js";

const [directory = "", share = "0.5"] = process.argv.slice(2);
const ca = await CertificateAuthority.open({ directory });
const random = () => Math.random();

/** @param {...(string | number)} words */
function say(...words) {
  writeSync(1, `${words.join(" ")}\n`);
}

for (;;) {
  const uri = `urn:uuid:${crypto.randomUUID()}`;
  const { serialNumber, certificate } = await ca.issue({ profile: "device", uri });
  const { raw } = new X509Certificate(certificate);
  say("issued", serialNumber, createHash("sha256").update(raw).digest("hex"));
  if (random() < Number(share)) {
    await ca.revoke({ serialNumber, reason: "superseded" });
    say("revoked", serialNumber);
  }
  if (random() < 0.02) say("crl", (await ca.crl()).number);
}
