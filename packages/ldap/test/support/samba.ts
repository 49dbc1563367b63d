import { execFileSync, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SpawnedServer } from "@tokbind/testing";
import { type CertificateFiles, folderForServer, path } from "./peers.ts";
import { answers } from "./slapd.ts";

// It listens at well-known ports, and enforces channel binding from 4.21 on.
const version = spawnSync("samba", ["--version"], {
  encoding: "utf8",
  env: { ...process.env, PATH: path },
}).stdout;
const [, major, minor] = (/(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
const isNewEnough = major !== undefined && (major > 4 || (major === 4 && minor! >= 21));

/** Whether the real thing is there. */
export const hasSamba = isNewEnough && process.getuid?.() === 0;
if (!hasSamba) {
  process.stderr.write(
    "skipped: tests against Active Directory need root and Samba 4.21 or newer (packages/ldap/test/support/install-samba.sh)\n",
  );
}

/** `ldap server require strong auth` of smb.conf, and what Active Directory calls it. */
export const modes = {
  never: "no",
  "when supported": "allow_sasl_without_tls_channel_bindings",
  always: "yes",
} as const;

export const administrator = { username: "Administrator", domain: "ADEX", password: "Passw0rd!x" } as const;
export const realm = "AD.EXAMPLE.COM";
/** For the certificate and as the name of the service in Kerberos. */
export const sambaHost = "dc1.ad.example.com";

/** A loopback address that nobody else is likely to use. */
export function anyAddress(): string {
  return `127.${randomInt(64, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
}

/** The database of a domain, from which controllers are started. */
export class SambaDomain {
  readonly folder = folderForServer("samba");
  readonly #controllers: SpawnedServer[] = [];

  /** Takes 12 to 17 s. */
  constructor() {
    const tool = (...args: string[]) =>
      execFileSync("samba-tool", args, {
        env: { ...process.env, PATH: path },
        stdio: ["ignore", "ignore", "pipe"],
      });
    const options = [
      "bind interfaces only=yes",
      "interfaces=127.0.0.1/8",
      "vfs objects=dfs_samba4 acl_xattr xattr_tdb",
    ];
    tool(
      ...["domain", "provision", `--realm=${realm}`, `--domain=${administrator.domain}`, "--server-role=dc"],
      ...["--host-name=dc1", "--dns-backend=NONE", `--adminpass=${administrator.password}`],
      ...[`--targetdir=${this.folder}`, ...options.map((option) => `--option=${option}`)],
    );
    const database = ["-H", `tdb://${this.folder}/private/sam.ldb`, "-s", `${this.folder}/etc/smb.conf`];
    tool("spn", "add", `ldap/${sambaHost}`, "DC1$", ...database);
  }

  /** Starts a controller at an address. */
  async start(address: string, mode: keyof typeof modes, certificates: CertificateFiles): Promise<void> {
    const own = join(this.folder, `at-${address}`);
    for (const name of ["cache", "run/ncalrpc"]) mkdirSync(join(own, name), { recursive: true });
    mkdirSync("/run/samba", { recursive: true });
    writeFileSync(join(own, "smb.conf"), configuration(this.folder, own, address, mode, certificates));
    const options = ["-F", "-M", "single", "--debug-stdout", "-s", join(own, "smb.conf")];
    const samba = new SpawnedServer("samba", options, { env: { ...process.env, PATH: path } });
    this.#controllers.push(samba);
    for (const port of [636, 389, 88]) await samba.up(() => answers(port, address));
  }

  async stop(): Promise<void> {
    for (const samba of this.#controllers) await samba.stop();
    rmSync(this.folder, { recursive: true });
  }
}

function configuration(
  domain: string,
  own: string,
  address: string,
  mode: keyof typeof modes,
  { folder: certificates, server }: CertificateFiles,
): string {
  return `[global]
netbios name = DC1
realm = ${realm}
workgroup = ${administrator.domain}
server role = active directory domain controller
server services = ldap, kdc
interfaces = ${address}/8
bind interfaces only = yes
private dir = ${domain}/private
state directory = ${domain}/state
cache directory = ${own}/cache
lock directory = ${own}/run
ncalrpc dir = ${own}/run/ncalrpc
pid directory = ${own}/run
tls enabled = yes
tls certfile = ${server.cert}
tls keyfile = ${server.key}
tls cafile = ${certificates}/ca.pem
ldap server require strong auth = ${modes[mode]}
log level = 0
`;
}
