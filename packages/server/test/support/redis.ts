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

/** What redis-server is given on its command line. */
type Settings = Readonly<Record<string, string | number>>;

/**
 * A Redis of a test's own, which writes each change to disk before it answers. It listens at a Unix socket: a port would be
 * anybody's while Redis is away, even that of a client which connects again and again, and so reaches itself.
 */
export class TestRedis {
  /** Path of the Unix socket. */
  readonly path: string;
  readonly #folder = mkdtempSync(join(folder, "tokbind-redis-"));
  readonly #settings: Settings;
  #process: ChildProcess | undefined;

  private constructor(settings: Settings) {
    this.path = join(this.#folder, "redis.sock");
    this.#settings = settings;
  }

  /** For the length of a test. */
  static async start(settings: Settings = {}): Promise<TestRedis> {
    const redis = new TestRedis(settings);
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
    const more = { appendfsync: "always", save: "", "enable-debug-command": "yes", ...this.#settings };
    const all = { ...options, ...more };
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

/**
 * A cluster of one node, for the length of a test. Other than a single Redis it cannot do without a port: this one.
 */
export async function startCluster(): Promise<number> {
  const [port, bus] = [await freePort(), await freePort()];
  const redis = await TestRedis.start({
    ...{ port, bind: "127.0.0.1", "cluster-enabled": "yes", "cluster-port": bus },
    "cluster-announce-ip": "127.0.0.1",
  });
  await redis.command("CLUSTER ADDSLOTSRANGE 0 16383");
  while (!(await redis.command("CLUSTER INFO")).includes("cluster_state:ok")) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return port;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
