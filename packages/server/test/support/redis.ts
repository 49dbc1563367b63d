import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen } from "@tokbind/testing";
import { onTestFinished } from "vitest";

/** Whether the real thing is there; tests of the store are skipped without it. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
if (!hasRedis) {
  process.stderr.write(
    "skipped: the tests of @tokbind/server/redis need redis-server (Debian: redis-server)\n",
  );
}

// In memory where there is such a folder: each write is synced, which a busy disk takes seconds for. A killed process
// loses neither.
const folder = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A Redis of a test's own on a free port of 127.0.0.1, which writes each change to disk before it answers. */
export class TestRedis {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  /** For the length of a test. */
  static async start(): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), mkdtempSync(join(folder, "tokbind-redis-")));
    onTestFinished(async () => {
      await redis.kill();
      rmSync(redis.#folder, { recursive: true });
    });
    await redis.restart();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** kill -9 */
  async kill(): Promise<void> {
    if (this.#process?.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }

  async restart(): Promise<void> {
    const options = { port: this.port, bind: "127.0.0.1", dir: this.#folder, appendonly: "yes" };
    const all = { ...options, appendfsync: "always", save: "", "enable-debug-command": "yes" };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = spawn("redis-server", args, { stdio: "ignore" });
    while (!(await this.#answers())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Sends a command as text and returns what comes back first. */
  async command(text: string): Promise<string> {
    const socket = net.connect(this.port, "127.0.0.1");
    try {
      await once(socket, "connect");
      socket.write(`${text}\r\n`);
      return String(((await once(socket, "data")) as [Buffer])[0]);
    } finally {
      socket.destroy();
    }
  }

  async #answers(): Promise<boolean> {
    return this.command("PING").then(
      (answer) => answer.startsWith("+PONG"),
      () => false,
    );
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}
