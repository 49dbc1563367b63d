// An organization's own CA: mutual TLS with its certificates, until one is revoked.
//
//   node own-ca.js

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// #region imports
import https from "node:https";
import { CertificateAuthority } from "@tokbind/ca";
// #endregion

const folder = mkdtempSync(join(tmpdir(), "own-ca-"));
const directory = join(folder, "ca");

// #region ca
const ca = await CertificateAuthority.create({ directory, organization: "Example" });
const localhost = await ca.issue({ profile: "server", dns: ["localhost"] });
const alice = await ca.issue({ profile: "user", name: "Alice", email: "alice@example.test" });
// #endregion

// #region server
const { crl: rootCrl } = await ca.rootCrl();
const { crl } = await ca.crl();
const trust = { ca: ca.rootCertificate, crl: [rootCrl, crl] };
const identity = { cert: localhost.chain, key: localhost.privateKey };
const server = https.createServer({ ...identity, ...trust, requestCert: true }, (_, response) => {
  response.end("hello\n");
});
// #endregion
server.listen(0, "localhost");
await once(server, "listening");

/** One request of Alice's, on a connection of its own. */
async function request() {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  // #region client
  const options = { port, ca: ca.rootCertificate, cert: alice.chain, key: alice.privateKey };
  const call = https.request({ ...options, host: "localhost", agent: false }).end();
  // #endregion
  const [response] = await once(call, "response");
  response.resume();
  await once(response, "end");
  return response.statusCode;
}

console.log(`alice: ${await request()}`);

// #region revoke
await ca.revoke({ serialNumber: alice.serialNumber, reason: "keyCompromise" });
const { crl: next } = await ca.crl();
server.setSecureContext({ ...identity, ...trust, crl: [rootCrl, next] });
// #endregion
console.log(await request().catch(() => "alice: refused"));

server.close();
rmSync(folder, { recursive: true });
