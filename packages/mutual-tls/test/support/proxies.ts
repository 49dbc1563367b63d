import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import tls from "node:tls";
import { RawClient, temporaryDirectory } from "@tokbind/testing/vitest";
import { onTestFinished } from "vitest";

// Debian keeps servers where only root looks for programs.
const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };

function isThere(program: string): boolean {
  const isFound = spawnSync(program, ["-v"], { env }).status === 0;
  if (!isFound) process.stderr.write(`skipped: the tests of @tokbind/mutual-tls behind ${program} need it\n`);
  return isFound;
}

export const hasNginx = isThere("nginx");
export const hasHaproxy = isThere("haproxy");

export interface ProxyOptions {
  /** Unix socket of the backend. */
  readonly backend: string;
  /** Of the proxy, and what it verifies clients with, PEM. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Starts nginx or HAProxy on a Unix socket for the length of a test, and returns the socket's path. */
export async function startProxy(
  program: "nginx" | "haproxy",
  { backend, cert, key, ca }: ProxyOptions,
): Promise<string> {
  const folder = await temporaryDirectory();
  const at = (name: string) => join(folder, name);
  await writeFile(at("cert.pem"), cert);
  await writeFile(at("key.pem"), key);
  await writeFile(at("both.pem"), cert + key);
  await writeFile(at("ca.pem"), ca);
  const config = at("proxy.conf");
  await writeFile(config, program === "nginx" ? nginx(at, backend) : haproxy(at, backend));
  const args = program === "nginx" ? ["-e", "stderr", "-c", config] : ["-q", "-db", "-f", config];
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said += String(chunk)));
  onTestFinished(() => end(child));
  while (!existsSync(at("proxy.sock"))) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return at("proxy.sock");
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill();
  await once(child, "exit");
}

const nginx = (at: (name: string) => string, backend: string) => `
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off; pid ${at("nginx.pid")}; error_log stderr; worker_processes 1; events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${at(name)};`).join(" ")}
  server {
    listen unix:${at("proxy.sock")} ssl;
    ssl_certificate ${at("cert.pem")}; ssl_certificate_key ${at("key.pem")};
    ssl_client_certificate ${at("ca.pem")}; ssl_verify_client optional; ssl_verify_depth 2;
    location / {
      proxy_pass http://unix:${backend}:;
      proxy_set_header X-SSL-Cert $ssl_client_escaped_cert;
      proxy_set_header Client-Cert "";
      proxy_set_header Client-Cert-Chain "";
    }
  }
}
`;

const haproxy = (at: (name: string) => string, backend: string) => `
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend f
  bind unix@${at("proxy.sock")} ssl crt ${at("both.pem")} ca-file ${at("ca.pem")} verify optional
  http-request del-header Client-Cert
  http-request del-header Client-Cert-Chain
  http-request set-header Client-Cert ":%[ssl_c_der,base64]:" if { ssl_c_used } { ssl_c_verify 0 }
  default_backend b
backend b
  server s unix@${backend}
`;

/** Connects to a proxy by its Unix socket, for the length of a test. */
export async function connectProxy(
  path: string,
  holder: { readonly cert?: string; readonly key?: string },
): Promise<RawClient> {
  const { cert, key } = holder;
  const socket = tls.connect({
    ...{ path, servername: "localhost", rejectUnauthorized: false },
    ...(cert !== undefined && { cert, key }),
  } as tls.ConnectionOptions);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, "secureConnect");
  return new RawClient(socket);
}
