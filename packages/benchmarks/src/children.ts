import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Starts a script of this folder in a process of its own, and waits for the first thing that it says. */
export async function start<T>(
  script: string,
  args: readonly (string | number)[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<[ChildProcess, T]> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = fork(file, args.map(String), { env: { ...process.env, ...environment } });
  return [child, await said<T>(child)];
}

/** What the script answers to `question`. */
export async function ask<T>(child: ChildProcess, question: string): Promise<T> {
  child.send(question);
  return said<T>(child);
}

export async function stop(...children: ChildProcess[]): Promise<void> {
  for (const child of children) {
    child.disconnect();
    await once(child, "exit");
  }
}

function said<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => {
      reject(new Error(`${child.spawnargs.slice(1).join(" ")} ended with ${code}`));
    };
    child.once("exit", ended);
    child.once("message", (answer) => {
      child.off("exit", ended);
      resolve(answer as T);
    });
  });
}
