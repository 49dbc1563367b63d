import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CertificateAuthority } from "@tokbind/ca";
import { temporaryDirectory } from "@tokbind/testing/vitest";

/** An organization with its own CA, for the length of a test, and the files that the command line takes. */
export async function organization() {
  const directory = await temporaryDirectory();
  const path = (name: string) => join(directory, name);
  const ca = await CertificateAuthority.create({ directory: path("ca"), organization: "Example" });
  const issue = async (name: string, order: Parameters<typeof ca.issue>[0]) => {
    const { chain: cert, privateKey: key, serialNumber } = await ca.issue(order);
    await writeFile(path(`${name}.cert.pem`), cert);
    await writeFile(path(`${name}.key.pem`), key);
    return {
      cert,
      key,
      serialNumber,
      args: ["--cert", path(`${name}.cert.pem`), "--key", path(`${name}.key.pem`)],
    };
  };
  return {
    ca,
    path,
    server: await issue("server", { profile: "server", dns: ["localhost"] }),
    alice: await issue("alice", { profile: "user", email: "alice@example.test" }),
    bob: await issue("bob", { profile: "user", email: "bob@example.test" }),
    sensor: await issue("sensor", { profile: "device", uri: "urn:example:sensor:1" }),
    crls: async () => [(await ca.crl()).crl, (await ca.rootCrl()).crl],
  };
}
