import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { freePort, SpawnedServer } from "@tokbind/testing";
import { type CertificateFiles, folderForServer, has, hostName, path } from "./peers.ts";

/** Whether the real thing is there. */
export const hasSlapd = has("slapd", "slapd libsasl2-modules") && has("openssl", "openssl");

/** OpenLDAP's slapd with the user alice, whose password is alice-password. */
export class Slapd {
  readonly ldapsPort: number;
  readonly ldapPort: number;
  readonly #folder: string;
  readonly #server: SpawnedServer;

  private constructor(folder: string, ldapsPort: number, ldapPort: number, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.ldapsPort = ldapsPort;
    this.ldapPort = ldapPort;
    const urls = `ldap://127.0.0.1:${ldapPort} ldaps://127.0.0.1:${ldapsPort}`;
    const options = ["-f", join(folder, "slapd.conf"), "-h", urls, "-d", "0"];
    this.#server = new SpawnedServer("slapd", options, { env: { ...process.env, PATH: path, ...env } });
  }

  /** @param env such as KRB5_KTNAME */
  static async start(
    cbinding: "none" | "tls-unique" | "tls-endpoint",
    certificates: CertificateFiles,
    env: NodeJS.ProcessEnv = {},
  ): Promise<Slapd> {
    const folder = folderForServer("slapd");
    mkdirSync(join(folder, "db"));
    writeFileSync(join(folder, "slapd.conf"), configuration(folder, cbinding, certificates));
    execFileSync("slapadd", ["-f", join(folder, "slapd.conf")], {
      env: { ...process.env, PATH: path },
      input: entries,
      stdio: ["pipe", "ignore", "pipe"],
    });
    const slapd = new Slapd(folder, await freePort(), await freePort(), env);
    await slapd.#server.up(() => answers(slapd.ldapsPort));
    return slapd;
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Whether somebody listens. */
export async function answers(port: number, host = "127.0.0.1"): Promise<boolean> {
  const socket = net.connect(port, host);
  return new Promise((resolve) => {
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

function configuration(
  folder: string,
  cbinding: string,
  { folder: certificates, server }: CertificateFiles,
): string {
  return `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/pid
TLSCACertificateFile ${certificates}/ca.pem
TLSCertificateFile ${server.cert}
TLSCertificateKeyFile ${server.key}
sasl-cbinding ${cbinding}
sasl-host ${hostName()}
sasl-realm example.com
authz-regexp uid=([^,]*),cn=.*,cn=auth uid=$1,ou=people,dc=example,dc=com
password-hash {CLEARTEXT}
database mdb
maxsize 10485760
suffix dc=example,dc=com
rootdn cn=admin,dc=example,dc=com
directory ${folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by * read
`;
}

const entries = `dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: uid=alice,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: A
userPassword: alice-password
`;
