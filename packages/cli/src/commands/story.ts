import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { TokenBindingError } from "@tokbind/codec";
import { tellOrganization } from "../demo/organization/chapter.ts";
import { type Chapter, type Step, tellStory } from "../demo/story.ts";
import { print } from "../output.ts";
import { programName } from "../program-name.ts";

export interface StoryOptions {
  readonly once?: boolean | undefined;
  readonly json?: boolean | undefined;
}

const versions = ["TLSv1.3", "TLSv1.2"] as const;
const main = fileURLToPath(new URL("../main.js", import.meta.url));

/**
 * `npm start`: a stolen cookie fails, on real TLS. The server is `tokbind serve` in a process of its own; this
 * process is the user and the thief. Then an organization uses mutual TLS as well, and six attacks fail.
 */
export async function story(options: StoryOptions): Promise<number> {
  const say = async (text: string) => {
    if (!options.json) await print(text);
  };
  const server = spawn(process.execPath, [main, "serve", "--json", "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const port = await listeningPort(server.stdout);
    const chapters: Chapter[] = [];
    for (const tls of versions) chapters.push(await tellStory(port, tls, say));
    const steps = allSteps(chapters);
    for (const tls of versions) {
      const told = await tellOrganization(tls, say);
      steps.push(...told.map((step) => (tls === "TLSv1.3" ? step : again(step))));
    }
    const ok = steps.every((step) => step.ok);
    if (options.json) {
      const { tls, version, keyParameters } = chapters[0]!.negotiated;
      await print(`${JSON.stringify({ negotiated: { tls, version, keyParameters }, steps })}\n`);
    }
    await say(ok ? "\nEvery step came out as it should.\n" : "\nNot every step came out as it should.\n");
    if (options.once || !ok) return ok ? 0 : 1;

    const url = `https://localhost:${port}/`;
    await say(
      `\nThe server stays up at ${url} (its certificate is a generated one, hence -k). Try in another terminal:\n` +
        `  ${programName} request -k -v ${url}inspect\n` +
        `  ${programName} request -k --key-store /tmp/alice -d user=alice ${url}login\n` +
        `Ctrl-C ends it.\n`,
    );
    await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(server, "exit")]);
    return 0;
  } finally {
    server.kill();
  }
}

/** The steps of TLS 1.3 by their names, those of TLS 1.2 with a prefix, and one that sums the latter up. */
function allSteps([tls13, tls12]: Chapter[]): Step[] {
  const told = tls12!.steps.map(again);
  const me = told.find((step) => step.name === "tls12-me")!;
  const sum = { ...me, name: "tls12", ok: told.every((step) => step.ok) };
  return [...tls13!.steps, sum, ...told];
}

function again(step: Step): Step {
  return { ...step, name: `tls12-${step.name}` };
}

async function listeningPort(output: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface(output)) {
    const { listening } = JSON.parse(line) as { listening?: number };
    if (listening !== undefined) return listening;
  }
  throw new TokenBindingError("connection_lost", "the server of the story ended before it listened");
}
