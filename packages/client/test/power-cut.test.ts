import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { describe, expect, test } from "vitest";
import { FileKeyStore } from "../src/index.ts";
import { hasExfat, mountExfat } from "./support/exfat.ts";

const hasStrace = spawnSync("strace", ["-f", "true"], { stdio: "ignore" }).status === 0;
if (!hasStrace)
  process.stderr.write("skipped: the order of writes of FileKeyStore needs strace (Debian: strace)\n");

const script = fileURLToPath(new URL("support/make-key.js", import.meta.url));

/** What a process that makes a key asks of the system, in order: lines of strace. */
async function trace(directory: string): Promise<readonly string[]> {
  const log = join(await temporaryDirectory(), "trace");
  const calls = "trace=write,fsync,link,linkat,rename,renameat,renameat2";
  const args = ["-f", "-y", "-s", "300", "-e", calls, "-o", log, process.execPath, script, directory];
  const { status, stdout } = spawnSync("strace", [...args, "example.com", "ecdsap256"]);
  expect(status).toBe(0);
  const lines = (await readFile(log, "utf8")).split("\n");
  // Its answer is the last thing that counts.
  return lines.slice(0, lines.findIndex((line) => line.includes(String(stdout))) + 1);
}

describe.skipIf(!hasStrace)("a key that was handed out outlasts a power cut", () => {
  const onDisk = async (directory: string, place: RegExp) => {
    const lines = await trace(directory);
    const [name] = await readdir(directory);
    const file = join(directory, name!);
    const at = (what: RegExp, path: string) =>
      lines.findIndex((line) => what.test(line) && line.includes(path));
    const written = at(/ write\(/, `<${file}.`);
    const synced = at(/ fsync\(.* = 0/, `<${file}.`);
    const placed = at(place, `"${file}"`);
    const answered = lines.length - 1;
    const entered = lines.findLastIndex(
      (line) => line.includes(" fsync(") && line.includes(`<${directory}>`),
    );
    return { lines, order: [written, synced, placed, entered, answered] };
  };
  const expectInOrder = (order: readonly number[]) => {
    expect(order[0]).toBeGreaterThanOrEqual(0);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(new Set(order).size).toBe(order.length);
  };

  test("its content is on disk before its name is, and both before anybody sees it", async () => {
    const directory = join(await temporaryDirectory(), "made", "keys");
    const { lines, order } = await onDisk(directory, / link(at)?\(/);
    expectInOrder(order);
    for (const parent of [dirname(directory), dirname(dirname(directory))]) {
      expect(lines.some((line) => line.includes(" fsync(") && line.includes(`<${parent}>`))).toBe(true);
    }
  });

  test.skipIf(!hasExfat)("without hard links too", async () => {
    const { order } = await onDisk(join(await mountExfat(), "keys"), / rename(at2?)?\(/);
    expectInOrder(order);
  });
});

test("a thousand hosts have a thousand keys, and are all there for another process", async () => {
  const directory = join(await temporaryDirectory(), "keys");
  const hosts = Array.from({ length: 1000 }, (_value, i) => `host${i}.example`);
  const store = new FileKeyStore({ directory });
  const keys = await Promise.all(hosts.map((host) => store.get(host, "ecdsap256")));
  const listed = await new FileKeyStore({ directory }).list();
  const byScope = new Map(listed.map(({ scope, id }) => [scope, Buffer.from(id.bytes).toString("hex")]));
  expect(hosts.map((host) => byScope.get(host))).toEqual(
    keys.map(({ id }) => Buffer.from(id.bytes).toString("hex")),
  );
  expect(new Set(byScope.values()).size).toBe(1000);
  await store.clear();
  expect(await readdir(directory)).toEqual([]);
});
