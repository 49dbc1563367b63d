import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { IssuedKeyPair } from "@tokbind/ca";
import { afterAll, describe, expect, test } from "vitest";
import { file, newAuthority } from "./support/authority.ts";
import { has, run } from "./support/programs.ts";
import { type Address, startHaproxy, startNginx, startOpenssl } from "./support/servers.ts";

// The programs of others, as they are: servers that require a client certificate and check CRLs, and clients that check the
// server's.

const { ca, directory, folder } = await newAuthority({}, afterAll);
const other = await newAuthority({}, afterAll);
const root = join(directory, "root.cert.pem");

interface Party {
  readonly chain: string;
  readonly key: string;
}

function partyOf(name: string, { chain, privateKey }: IssuedKeyPair): Party {
  return {
    chain: file(folder, `${name}.cert.pem`, chain),
    key: file(folder, `${name}.key.pem`, privateKey),
  };
}

const localhost = { profile: "server", dns: ["localhost"], ip: ["127.0.0.1"] } as const;
const servers = {
  good: await ca.issue(localhost),
  revoked: await ca.issue(localhost),
  "of another CA": await other.ca.issue(localhost),
  "of another name": await ca.issue({ profile: "server", dns: ["other.test"] }),
  "that is a device": await ca.issue({ profile: "device", name: "localhost", uri: "urn:a" }),
};
const alice = { profile: "user", name: "Alice", email: "alice@example.test" } as const;
const clients = {
  user: await ca.issue(alice),
  device: await ca.issue({ profile: "device", uri: `urn:example:${"x".repeat(80)}` }),
  service: await ca.issue({ profile: "service", uri: "spiffe://example.test/a" }),
  revoked: await ca.issue(alice),
  "of another CA": await other.ca.issue(alice),
  "that is a server": await ca.issue(localhost),
};
await ca.revoke({ serialNumber: servers.revoked.serialNumber });
await ca.revoke({ serialNumber: clients.revoked.serialNumber, reason: "keyCompromise" });
const { crl } = await ca.crl();
const crls = file(folder, "crls.pem", crl + readFileSync(join(directory, "root.crl.pem"), "utf8"));
const trust = file(folder, "trust.pem", ca.rootCertificate + readFileSync(crls, "utf8"));
const authorities = file(folder, "authorities.pem", ca.issuingCertificate);

const filesOf = (server: IssuedKeyPair) => ({
  folder,
  ...partyOf("server", server),
  both: file(folder, "server.both.pem", server.chain + server.privateKey),
  root,
  crls,
  trust,
  authorities,
});

/** One request of curl, by the TLS version. */
function curl(
  address: Address,
  client: IssuedKeyPair | undefined,
  version: "1.2" | "1.3",
  ...args: string[]
) {
  const party = client === undefined ? undefined : partyOf("client", client);
  return run("curl", [
    ...["--silent", "--show-error", "--fail", "--cacert", root],
    ...("socket" in address ? ["--unix-socket", address.socket] : []),
    ...["--tls-max", version, `--tlsv${version}`],
    ...(party === undefined ? [] : ["--cert", party.chain, "--key", party.key]),
    ...args,
    `https://localhost:${"port" in address ? address.port : 443}/`,
  ]);
}

const hasCurl = has("curl", "curl");
const peers = [
  ["nginx", has("nginx", "nginx-light"), startNginx, true],
  ["HAProxy", has("haproxy", "haproxy"), startHaproxy, true],
  // After a handshake that failed it may not take another one.
  ["openssl s_server", true, startOpenssl, false],
] as const;

describe.each(peers)("%s", (_, isThere, start, isPatient) => {
  test.runIf(isThere && hasCurl)(
    "[CA-01] [CA-08] [CA-14] [CA-15] mutual TLS with curl: the right ones get in, and nobody else",
    async () => {
      const files = filesOf(servers.good);
      const shared = isPatient ? await start(files) : undefined;
      const ask = async (...args: [IssuedKeyPair | undefined, "1.2" | "1.3", ...string[]]) =>
        curl(shared ?? (await start(files)), ...args);
      for (const version of ["1.2", "1.3"] as const) {
        for (const name of ["user", "device", "service"] as const) {
          const { code, text } = await ask(clients[name], version, "--crlfile", crls);
          expect(code, `${version} ${name}: ${text}`).toBe(0);
        }
        for (const name of ["revoked", "of another CA", "that is a server"] as const) {
          expect((await ask(clients[name], version)).code, `${version} ${name}`).not.toBe(0);
        }
        expect((await ask(undefined, version)).code, `${version} none`).not.toBe(0);
      }
    },
  );
});

test.runIf(hasCurl).each(["revoked", "of another CA", "of another name", "that is a device"] as const)(
  "[CA-08] [CA-09] [CA-14] curl refuses a server: %s",
  async (name) => {
    const address = await startOpenssl(filesOf(servers[name]));
    const { code, text } = curl(address, clients.user, "1.3", "--crlfile", crls);
    // 60: the peer's certificate cannot be verified.
    expect(code, text).toBe(60);
  },
);

test("[CA-01] [CA-14] openssl s_client gets on with its server, and refuses a revoked one", async () => {
  const { chain, key } = partyOf("client", clients.user);
  const connect = async (server: IssuedKeyPair) => {
    const address = await startOpenssl(filesOf(server));
    const port = "port" in address ? address.port : "";
    const pair = ["-cert", chain, "-cert_chain", authorities, "-key", key, "-CAfile", trust];
    const strictly = [
      "-crl_check_all",
      "-x509_strict",
      "-verify_return_error",
      "-verify_hostname",
      "localhost",
    ];
    return run("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, ...pair, ...strictly]).text;
  };
  expect(await connect(servers.good)).toContain("Verify return code: 0 (ok)");
  expect(await connect(servers.revoked)).toContain("certificate revoked");
});
