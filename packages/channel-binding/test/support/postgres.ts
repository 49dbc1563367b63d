import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, SpawnedServer } from "@tokbind/testing";
import type { Certificate } from "./openssl.ts";

const versions = "/usr/lib/postgresql";
const binaries = existsSync(versions)
  ? readdirSync(versions)
      .map((version) => `${versions}/${version}/bin`)
      .find((folder) => existsSync(`${folder}/initdb`))
  : undefined;

/** Whether the real thing is there. */
export const hasPostgres = binaries !== undefined;
if (!hasPostgres) process.stderr.write("skipped: tests against PostgreSQL need it (Debian: postgresql)\n");

/** PostgreSQL refuses to run as root; its Debian package brings a user of its own. */
const identity = process.getuid?.() === 0 ? idsOf("postgres") : {};

/** A PostgreSQL server with the user alice, whose password is alice-password, on a port of 127.0.0.1. */
export class Postgres {
  readonly port: number;
  readonly #folder: string;
  readonly #server: SpawnedServer;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
    const options = ["-D", `${folder}/data`, "-p", String(port), "-k", folder, "-h", "127.0.0.1"];
    this.#server = new SpawnedServer(`${binaries!}/postgres`, options, identity);
  }

  /** Takes 2 to 4 s: make one for all tests of a file. */
  static async start(certificate: Certificate): Promise<Postgres> {
    const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tokbind-postgres-"));
    const data = `${folder}/data`;
    mkdirSync(data, { mode: 0o700 });
    for (const path of [folder, data])
      if (identity.uid !== undefined) chownSync(path, identity.uid, identity.gid!);
    const run = (name: string, args: string[], input = "") =>
      execFileSync(`${binaries!}/${name}`, args, {
        ...identity,
        cwd: folder,
        input,
        stdio: ["pipe", "ignore", "pipe"],
      });
    run("initdb", ["-D", data, "--auth=trust", "--no-sync", "--username=postgres", "--no-instructions"]);
    writeFileSync(`${data}/postgresql.auto.conf`, settings);
    writeFileSync(`${data}/pg_hba.conf`, "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n");
    writeCertificate(data, certificate);
    run(
      "postgres",
      ["--single", "-D", data, "postgres"],
      "create role alice login password 'alice-password'\n",
    );
    const postgres = new Postgres(await freePort(), folder);
    await postgres.#server.up(() => existsSync(`${folder}/.s.PGSQL.${postgres.port}`));
    return postgres;
  }

  /** For connections from now on. */
  async useCertificate(certificate: Certificate): Promise<void> {
    writeCertificate(`${this.#folder}/data`, certificate);
    this.#server.signal("SIGHUP");
    const expected = certificate.cert.replaceAll(/\s/g, "");
    for (;;) {
      const { connectPostgres } = await import("./postgres-login.ts");
      const socket = await connectPostgres(this.port);
      const served = socket.getPeerX509Certificate()!.toString().replaceAll(/\s/g, "");
      socket.destroy();
      if (served === expected) return;
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop("SIGQUIT");
    rmSync(this.#folder, { recursive: true });
  }
}

// SECLEVEL=0, or OpenSSL refuses to serve a certificate that is signed with MD5 or SHA-1.
const settings = `
ssl = on
ssl_ciphers = 'ALL:@SECLEVEL=0'
fsync = off
max_connections = 20
shared_buffers = '1MB'
`;

function writeCertificate(data: string, { cert, key }: Certificate): void {
  for (const [name, pem] of [
    ["server.crt", cert],
    ["server.key", key],
  ] as const) {
    const path = join(data, name);
    writeFileSync(path, pem, { mode: 0o600 });
    chmodSync(path, 0o600);
    if (identity.uid !== undefined) chownSync(path, identity.uid, identity.gid!);
  }
}

function idsOf(user: string): { uid?: number; gid?: number } {
  if (binaries === undefined) return {};
  const id = (option: string) => Number(execFileSync("id", [option, user], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
