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
}

/** Starts a program that listens at a Unix socket, for the length of a test. */
async function start(program: string, args: readonly string[], socket: string): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: searchPath } });
  let said = "";
  for (const end of [child.stdout, child.stderr]) end.on("data", (data: Buffer) => (said += data.toString()));
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  while (!(await listens(socket))) {
    if (child.exitCode !== null) throw new Error(`${program} ended before it listened: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return socket;
}

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

export function startNginx({ folder, chain, key, root, crls }: ServerFiles): Promise<string> {
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
        listen unix:${socket} ssl;
        ssl_certificate ${chain}; ssl_certificate_key ${key};
        ssl_client_certificate ${root}; ssl_verify_client on; ssl_verify_depth 2; ssl_crl ${crls};
        location / { return 200 "hello $ssl_client_verify"; }
      }
    }`,
  );
  return start("nginx", ["-p", folder, "-c", config, "-e", join(folder, "nginx.log")], socket);
}

export function startHaproxy({ folder, both, root, crls }: ServerFiles): Promise<string> {
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
  return start("haproxy", ["-db", "-f", config], socket);
}

export function startOpenssl({ folder, chain, key, root, crls }: ServerFiles): Promise<string> {
  const socket = join(folder, "openssl.sock");
  return start(
    "openssl",
    [
      ...["s_server", "-unix", socket, "-cert", chain, "-cert_chain", chain, "-key", key, "-CAfile", root],
      ...["-CRL", crls, "-crl_check_all", "-x509_strict", "-Verify", "3", "-verify_return_error", "-www"],
    ],
    socket,
  );
}
