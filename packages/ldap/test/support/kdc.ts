import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, SpawnedServer } from "@tokbind/testing";
import { folderForServer, has, hostName, path } from "./peers.ts";
import { answers } from "./slapd.ts";

/** Whether the real thing is there. */
export const hasKdc = has("krb5kdc", "krb5-kdc krb5-admin-server krb5-user") && has("kinit", "krb5-user");

/** What programs of MIT Kerberos read to find a KDC, and where they keep tickets. */
export function kerberosClient(folder: string, realm: string, kdc: string): NodeJS.ProcessEnv {
  const configuration = join(folder, "krb5.conf");
  writeFileSync(
    configuration,
    `[libdefaults]
 default_realm = ${realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 rdns = false
 dns_canonicalize_hostname = false
 udp_preference_limit = 1
[realms]
 ${realm} = {
  kdc = ${kdc}
 }
`,
  );
  return { KRB5_CONFIG: configuration, KRB5CCNAME: `FILE:${join(folder, "tickets")}` };
}

export function kinit(principal: string, password: string, env: NodeJS.ProcessEnv): void {
  execFileSync("kinit", [principal], {
    env: { ...process.env, ...env },
    input: `${password}\n`,
    stdio: ["pipe", "ignore", "pipe"],
  });
}

/** MIT's KDC of the realm EXAMPLE.COM, with alice and the service ldap/HOST. */
export class Kdc {
  /** For clients. */
  readonly env: NodeJS.ProcessEnv;
  /** Of ldap/HOST. */
  readonly keytab: string;
  readonly #folder: string;
  readonly #server: SpawnedServer;

  private constructor(folder: string, env: NodeJS.ProcessEnv, profile: string) {
    this.#folder = folder;
    this.env = env;
    this.keytab = join(folder, "ldap.keytab");
    const all = { ...process.env, ...env, KRB5_KDC_PROFILE: profile, PATH: path };
    const run = (program: string, ...args: string[]) =>
      execFileSync(program, args, { env: all, stdio: "ignore" });
    run("kdb5_util", "create", "-s", "-r", "EXAMPLE.COM", "-P", "master");
    const service = `ldap/${hostName()}`;
    for (const query of [
      "addprinc -pw alice-password alice",
      `addprinc -randkey ${service}`,
      `ktadd -k ${this.keytab} ${service}`,
    ]) {
      run("kadmin.local", "-r", "EXAMPLE.COM", "-q", query);
    }
    this.#server = new SpawnedServer("krb5kdc", ["-n"], { env: all });
  }

  static async start(): Promise<Kdc> {
    const folder = folderForServer("kdc");
    mkdirSync(join(folder, "db"));
    const port = await freePort();
    const profile = join(folder, "kdc.conf");
    writeFileSync(
      profile,
      `[kdcdefaults]
 kdc_listen = 127.0.0.1:${port}
 kdc_tcp_listen = 127.0.0.1:${port}
[realms]
 EXAMPLE.COM = {
  database_name = ${folder}/db/principal
  key_stash_file = ${folder}/db/stash
 }
[logging]
 kdc = FILE:${folder}/log
`,
    );
    const kdc = new Kdc(folder, kerberosClient(folder, "EXAMPLE.COM", `127.0.0.1:${port}`), profile);
    await kdc.#server.up(() => answers(port));
    return kdc;
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true });
  }
}
