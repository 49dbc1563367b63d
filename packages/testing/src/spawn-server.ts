import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";

/** A server in a process of its own, which does not outlive this one. */
export class SpawnedServer {
  readonly #process: ChildProcess;
  readonly #command: string;
  readonly #onExit = () => this.#process.kill("SIGKILL");

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#command = command;
    this.#process = spawn(command, args, { stdio: "ignore", ...options });
    process.once("exit", this.#onExit);
  }

  /** Waits until it does what `isUp` asks for, and throws when it ends instead. */
  async up(isUp: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isUp())) {
      if (this.#hasEnded) throw new Error(`${this.#command} ended before it was up`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    process.off("exit", this.#onExit);
    if (this.#hasEnded) return;
    this.#process.kill(signal);
    await once(this.#process, "exit");
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
