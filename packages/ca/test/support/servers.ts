import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { file } from "./authority.ts";
import { searchPath } from "./programs.ts";

/** What a server is given: paths of PEM files. */
export interface ServerFiles {
  readonly folder: string;
  /** Chain and key in two files, and in one. */
  readonly chain: string;
  readonly key: string;
  readonly both: string;
  readonly root: string;
  /** CRLs of both CAs. */
  readonly crls: string;
  /** The root and the CRLs: of a file of CRLs alone, openssl reads the first. */
  readonly trust: string;
  /** What comes after the server's own certificate. */
  readonly authorities: string;
}

/** Where a server listens. */
export type Address = { readonly socket: string } | { readonly port: number };

/**
 * Starts a program, for the length of a test.
 *
 * @param find - where it listens, perhaps out of what it said; undefined as long as it does not
 */
async function start(
  program: string,
  args: readonly string[],
  find: (said: string) => Promise<Address | undefined> | Address | undefined,
): Promise<Address> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: searchPath } });
  let said = "";
  for (const end of [child.stdout, child.stderr]) end.on("data", (data: Buffer) => (said += data.toString()));
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  for (;;) {
    const address = await find(said);
    if (address !== undefined) return address;
    if (child.exitCode !== null) throw new Error(`${program} ended before it listened: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const atSocket = (socket: string) => async () => ((await listens(socket)) ? { socket } : undefined);

async function listens(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  const connection = net.connect(socket);
  const isUp = await Promise.race([
    once(connection, "connect").then(() => true),
    once(connection, "error").then(() => false),
  ]);
  connection.destroy();
  return isUp;
}

export function startNginx({ folder, chain, key, root, crls }: ServerFiles): Promise<Address> {
  const socket = join(folder, "nginx.sock");
  const scratch = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const config = file(
    folder,
    "nginx.conf",
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
    events {}
    http {
      access_log off;
      ${scratch.join(" ")}
      server {
        listen unix:${socket} ssl; ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate ${chain}; ssl_certificate_key ${key};
        ssl_client_certificate ${root}; ssl_verify_client on; ssl_verify_depth 2; ssl_crl ${crls};
        location / { return 200 "hello $ssl_client_verify"; }
      }
    }`,
  );
  return start("nginx", ["-p", folder, "-c", config, "-e", join(folder, "nginx.log")], atSocket(socket));
}

export function startHaproxy({ folder, both, root, crls }: ServerFiles): Promise<Address> {
  const socket = join(folder, "haproxy.sock");
  const config = file(
    folder,
    "haproxy.cfg",
    `defaults
      mode http
      timeout client 10s
      timeout server 10s
      timeout connect 10s
    frontend f
      bind unix@${socket} ssl crt ${both} ca-file ${root} verify required crl-file ${crls}
      http-request return status 200 content-type text/plain lf-string "hello %[ssl_c_verify]"\n`,
  );
  return start("haproxy", ["-db", "-f", config], atSocket(socket));
}

/** This one listens at a port, which the system chooses: at a Unix socket it ends at once. */
export function startOpenssl({ chain, key, trust, authorities }: ServerFiles): Promise<Address> {
  const pair = ["-cert", chain, "-cert_chain", authorities, "-key", key, "-CAfile", trust];
  const strictly = ["-crl_check_all", "-x509_strict", "-Verify", "3", "-verify_return_error"];
  return start("openssl", ["s_server", "-accept", "127.0.0.1:0", ...pair, ...strictly, "-www"], (said) => {
    const port = /^ACCEPT 127\.0\.0\.1:(\d+)/m.exec(said)?.[1];
    return port === undefined ? undefined : { port: Number(port) };
  });
}
