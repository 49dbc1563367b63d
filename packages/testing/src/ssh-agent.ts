import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Whether the real thing is there; tests of it are skipped without. */
export const hasSshAgent = spawnSync("ssh-add", ["-h"]).status !== null;
if (!hasSshAgent) {
  process.stderr.write("skipped: the tests of SshAgentKeyStore need ssh-agent (Debian: openssh-client)\n");
}

/** An OpenSSH agent of a test's own, on a Unix socket. */
export class TestSshAgent {
  readonly socket: string;
  readonly #directory: string;
  #keys = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.socket = join(directory, "agent.sock");
  }

  /** For the length of a test. */
  static async start(args: readonly string[] = [], env: object = {}): Promise<TestSshAgent> {
    const agent = new TestSshAgent(await temporaryDirectory());
    const child = spawn("ssh-agent", ["-D", "-a", agent.socket, ...args], {
      stdio: "ignore",
      env: { ...process.env, ...env },
    });
    onTestFinished(async () => {
      if (child.exitCode !== null) return;
      child.kill();
      await once(child, "exit");
    });
    while (!existsSync(agent.socket)) {
      if (child.exitCode !== null) throw new Error("ssh-agent ended before it listened");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return agent;
  }

  /** Makes a key as ssh-keygen does, and adds it with this comment. */
  add(comment: string, type: readonly string[] = ["-t", "ecdsa", "-b", "256"], ...options: string[]): void {
    const file = join(this.#directory, `key${this.#keys++}`);
    run("ssh-keygen", ["-q", ...type, "-N", "", "-C", comment, "-f", file]);
    this.run("ssh-add", ["-q", ...options, file]);
  }

  /** As ssh-add -x and -X do, which would ask at a terminal. */
  lock(): Promise<void> {
    return this.#password(22);
  }

  unlock(): Promise<void> {
    return this.#password(23);
  }

  /** Runs a program that talks to this agent, and returns what it says. */
  run(command: string, args: string[], input = ""): string {
    return run(command, args, { SSH_AUTH_SOCK: this.socket }, input);
  }

  async #password(type: number): Promise<void> {
    const socket = net.connect(this.socket);
    socket.write(Buffer.of(0, 0, 0, 6, type, 0, 0, 0, 1, 0x78));
    const [answer] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    if (answer[4] !== 6) throw new Error("ssh-agent refused the password");
  }

  /** The comments of its keys. */
  comments(): string[] {
    const { stdout } = spawnSync("ssh-add", ["-L"], { env: { ...process.env, SSH_AUTH_SOCK: this.socket } });
    const lines = String(stdout).trim().split("\n");
    return lines
      .filter((line) => line.startsWith("ssh-") || line.startsWith("ecdsa-"))
      .map((line) => line.split(" ").slice(2).join(" "));
  }
}

function run(command: string, args: string[], env: object = {}, input = ""): string {
  const { status, stdout, stderr } = spawnSync(command, args, { env: { ...process.env, ...env }, input });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${String(stderr)}`);
  return String(stdout);
}

/** Something that listens where an agent should, for the length of a test, and does this with each connection. */
export async function hostileAgent(answer: (socket: net.Socket, question: Buffer) => void): Promise<string> {
  const path = join(await temporaryDirectory(), "agent.sock");
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket
      .on("error", () => undefined)
      .once("data", (question) => {
        answer(socket, question);
      });
  });
  await once(server.listen(path), "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return path;
}
