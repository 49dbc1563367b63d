import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "@tokbind/testing/vitest";

const clone = fileURLToPath(new URL("../../..", import.meta.url));
const home = join(clone, "packages", "cli");

/** The second line that `serve` writes. */
async function hintOf(program: string): Promise<string> {
  const child = spawn(process.execPath, [program, "serve", "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const lines = createInterface(child.stdout);
    for await (const line of lines) if (line.startsWith("try: ")) return line;
    return "";
  } finally {
    child.kill();
    await once(child, "close");
  }
}

test("hints name the program as it is called here: ./tokbind in a clone, tokbind where it is installed", async () => {
  const installed = join(await temporaryDirectory(), "node_modules", "tokbind");
  mkdirSync(installed, { recursive: true });
  for (const part of ["dist", "package.json"]) {
    cpSync(join(home, part), join(installed, part), { recursive: true });
  }
  symlinkSync(join(home, "node_modules"), join(installed, "node_modules"));
  expect(await hintOf(join(clone, "tokbind"))).toMatch(/^try: \.\/tokbind request /);
  expect(await hintOf(join(home, "dist", "main.js"))).toMatch(/^try: \.\/tokbind request /);
  expect(await hintOf(join(installed, "dist", "main.js"))).toMatch(/^try: tokbind request /);
});
