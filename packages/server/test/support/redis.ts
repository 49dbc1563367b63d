import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/**
 * A Redis of a test's own, which writes each change to disk before it answers. It listens at a Unix socket: a port would be
 * anybody's while Redis is away, even that of a client which connects again and again, and so reaches itself.
 */
export class TestRedis {
  /** Path of the Unix socket. */
  readonly path: string;
  readonly #folder = mkdtempSync(join(folder, "tokbind-redis-"));
  #process: ChildProcess | undefined;

  private constructor() {
    this.path = join(this.#folder, "redis.sock");
  }

  /** For the length of a test. */
  static async start(): Promise<TestRedis> {
    const redis = new TestRedis();
    onTestFinished(async () => {
      await redis.kill();
      rmSync(redis.#folder, { recursive: true });
    });
    await redis.restart();
    return redis;
  }

  /** kill -9 */
  async kill(): Promise<void> {
    if (this.#process?.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }

  async restart(): Promise<void> {
    const options = { port: 0, unixsocket: this.path, dir: this.#folder, appendonly: "yes" };
    const all = { ...options, appendfsync: "always", save: "", "enable-debug-command": "yes" };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#process = spawn("redis-server", args, { stdio: "ignore" });
    while (!(await this.#answers())) {
      if (this.#process.exitCode !== null) throw new Error("redis-server ended before it answered");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends a command as text and returns what comes back first. */
  async command(text: string): Promise<string> {
    const socket = net.connect(this.path);
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
