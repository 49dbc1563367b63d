import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { certificate } from "@tokbind/testing";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { onTestFinished } from "vitest";
import { unusedPort } from "./agents.ts";

/** A forward proxy of Debian's. */
export interface RealProxy {
  readonly program: string;
  readonly isInstalled: boolean;
  /** Starts it for the length of a test, without access control but `credentials`. */
  start(options?: { isHttps?: boolean; credentials?: string }): Promise<number>;
}

export const tinyproxy: RealProxy = {
  ...installed("tinyproxy", "-v"),
  start: ({ credentials } = {}) =>
    startOn((port, folder) => {
      const lines = [`Port ${port}`, "Listen 127.0.0.1", "Timeout 60", `LogFile "${folder}/log"`];
      if (credentials !== undefined) lines.push(`BasicAuth ${credentials.replace(":", " ")}`);
      return spawn("tinyproxy", ["-d", "-c", write(folder, "tinyproxy.conf", lines)], { stdio: "ignore" });
    }),
};

export const squid: RealProxy = {
  ...installed("squid", "-v"),
  start: ({ isHttps = false } = {}) =>
    startOn((port, folder) => {
      const pem = {
        cert: write(folder, "cert.pem", [certificate.cert]),
        key: write(folder, "key.pem", [certificate.key]),
      };
      const lines = [
        isHttps
          ? `https_port 127.0.0.1:${port} tls-cert=${pem.cert} tls-key=${pem.key}`
          : `http_port 127.0.0.1:${port}`,
        "http_access allow all",
        "cache deny all",
        "access_log none",
        "cache_log /dev/null",
        "pid_filename none",
        "shutdown_lifetime 0 seconds",
        `coredump_dir ${folder}`,
      ];
      return spawn("squid", ["-N", "-f", write(folder, "squid.conf", lines)], { stdio: "ignore" });
    }),
};

function installed(program: string, version: string): Pick<RealProxy, "program" | "isInstalled"> {
  const isInstalled = spawnSync(program, [version]).error === undefined;
  if (!isInstalled) {
    process.stderr.write(`skipped: a test of @tokbind/client needs ${program} (Debian: ${program})\n`);
  }
  return { program, isInstalled };
}

function write(folder: string, name: string, lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o644 });
  return path;
}

/** Neither program takes port 0, so that a port which is free now may be taken when it starts: then it gets another. */
async function startOn(run: (port: number, folder: string) => ChildProcess): Promise<number> {
  const folder = await temporaryDirectory();
  // Started by root, squid goes on as a user of its own.
  chmodSync(folder, 0o755);
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = await unusedPort();
    const child = run(port, folder);
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    });
    while (child.exitCode === null) {
      if (await accepts(port)) return port;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error("the proxy ended before it listened");
}

async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    socket.on("connect", () => {
      resolve(true);
    });
    socket.on("error", () => {
      resolve(false);
    });
  }).finally(() => socket.destroy()) as Promise<boolean>;
}
