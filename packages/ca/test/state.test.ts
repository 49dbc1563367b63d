import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CertificateAuthority } from "@tokbind/ca";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { withLock } from "../src/lock.ts";
import { newAuthority } from "./support/authority.ts";

const order = { profile: "device", uri: "urn:a" } as const;
const script = (name: string) => fileURLToPath(new URL(`../scripts/${name}`, import.meta.url));

afterEach(() => vi.useRealTimers());

test("[CA-21] processes that are killed at random leave a whole state", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script("crash.js"), "150"], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const { kills, given, revokedGiven } = JSON.parse(stdout) as Record<string, number>;
  expect(kills).toBeGreaterThan(3);
  expect(given).toBeGreaterThanOrEqual(150);
  expect(revokedGiven).toBeGreaterThan(10);
});

test("[CA-21] an index that ends anywhere in its last line is as if that line had not been begun", async () => {
  const { ca, directory } = await newAuthority();
  const index = join(directory, "index.jsonl");
  const first = await ca.issue(order);
  const whole = readFileSync(index);
  await ca.issue({ ...order, name: "Ünïcödé 🔑" });
  const last = readFileSync(index).subarray(whole.length);
  for (let cut = 0; cut < last.length; cut += 11) {
    writeFileSync(index, Buffer.concat([whole, last.subarray(0, cut)]));
    const again = await CertificateAuthority.open({ directory });
    expect((await again.list()).map(({ serialNumber }) => serialNumber)).toEqual([first.serialNumber]);
    const { serialNumber } = await again.issue(order);
    const lines = readFileSync(index, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines.at(-1)).toMatchObject({ type: "issued", serialNumber });
    expect(lines).toHaveLength(5);
  }
  // Without its line feed, a whole line is not whole.
  writeFileSync(index, Buffer.concat([whole, last.subarray(0, -1)]));
  expect(await (await CertificateAuthority.open({ directory })).list()).toHaveLength(1);
});

test.each([
  ["text", "hello"],
  ["another kind of line", '{"type":"unknown"}'],
  ["null", "null"],
  ["zeros", "\0\0\0\0"],
])("an index with %s in it is not used", async (_, line) => {
  const { ca, directory } = await newAuthority();
  await ca.issue(order);
  const index = join(directory, "index.jsonl");
  appendFileSync(index, `${line}\n`);
  await ca.list().catch(() => undefined);
  const damaged = {
    code: "ca_state",
    message: expect.stringMatching(/index\.jsonl is damaged in line 5: restore it/) as string,
  };
  await expect(CertificateAuthority.open({ directory })).rejects.toMatchObject(damaged);
  const before = readFileSync(index);
  await expect(ca.issue(order)).rejects.toMatchObject(damaged);
  await expect(ca.revoke({ serialNumber: "00" })).rejects.toMatchObject(damaged);
  expect(readFileSync(index)).toEqual(before);
});

test("an index with a line that never ends is not used", async () => {
  const { directory } = await newAuthority();
  appendFileSync(join(directory, "index.jsonl"), "x".repeat(200_000));
  await expect(CertificateAuthority.open({ directory })).rejects.toMatchObject({ code: "ca_state" });
});

test("[CA-21] a CRL that was numbered and not made is skipped; the next one has its own number", async () => {
  const { ca, directory } = await newAuthority();
  const index = join(directory, "index.jsonl");
  const { number } = await ca.crl();
  const lines = readFileSync(index, "utf8").trimEnd().split("\n");
  const lost = { ...(JSON.parse(lines.at(-1)!) as object), number: number + 1 };
  appendFileSync(index, `${JSON.stringify(lost)}\n`);
  // And what a process that died while it wrote one leaves.
  writeFileSync(join(directory, "crl.pem.new"), "-----BEGIN X509 CRL-----\nAAAA");
  expect((await ca.crl()).number).toBe(number + 2);
  expect(existsSync(join(directory, "crl.pem.new"))).toBe(false);
});

test("[CA-21] several that use a CA at once see what the others did", async () => {
  const { ca, directory } = await newAuthority();
  const others = await Promise.all([1, 2, 3].map(() => CertificateAuthority.open({ directory })));
  const all = [ca, ...others];
  const issued = await Promise.all(Array.from({ length: 40 }, (_, i) => all[i % 4]!.issue(order)));
  await Promise.all(
    issued.slice(0, 20).map(({ serialNumber }, i) => all[(i + 1) % 4]!.revoke({ serialNumber })),
  );
  for (const one of all) {
    const records = await one.list();
    expect(new Set(records.map(({ serialNumber }) => serialNumber)).size).toBe(40);
    expect(records.filter(({ status }) => status === "revoked")).toHaveLength(20);
  }
  expect(await Promise.all(all.map(async (one) => (await one.crl()).number))).toEqual(
    expect.arrayContaining([2, 3, 4, 5]),
  );
});

/** A process that holds the lock of a directory until it is killed. */
async function holder(directory: string) {
  const lock = new URL("../dist/lock.js", import.meta.url).href;
  const code = `import { withLock } from ${JSON.stringify(lock)};
    await withLock(${JSON.stringify(directory)}, () => { process.stdout.write("held"); return new Promise(() => setInterval(() => {}, 1000)); });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

test("[CA-21] who holds the lock is waited for, and whoever died with it is not", async () => {
  const { ca, directory } = await newAuthority();
  const child = await holder(directory);
  let isDone = false;
  const issued = ca.issue(order).then(() => (isDone = true));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(isDone).toBe(false);
  child.kill("SIGKILL");
  await issued;
  expect(readdirSync(directory).filter((name) => name.startsWith("lock."))).toEqual([]);
});

/** What becomes of work that waits for the lock, a minute after it began to. */
function afterAMinute(directory: string): Promise<unknown> {
  const work = withLock(directory, () => Promise.resolve("done")).catch((error: unknown) => error);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
  return work;
}

test("[CA-21] who holds the lock for too long is named", async () => {
  const { directory } = await newAuthority();
  const child = await holder(directory);
  expect(await afterAMinute(directory)).toMatchObject({
    code: "ca_state",
    message: expect.stringMatching(
      new RegExp(`in use by process ${child.pid} for more than 60 seconds.*delete .*lock\\.`),
    ) as string,
  });
});

test("[CA-21] [A-58] a lock of another machine or container counts; one from before a restart of this machine does not", async () => {
  const { ca, directory } = await newAuthority();
  let own = "";
  await withLock(directory, () => {
    own = readdirSync(directory).find((name) => name.startsWith("lock."))!;
    return Promise.resolve();
  });
  const [, machine, boot, pid, start, id] = own.split(".");
  const lock = (...parts: readonly unknown[]) => {
    writeFileSync(join(directory, ["lock", ...parts].join(".")), "");
  };
  // Before a restart; a process that is gone; another one that has the number of one that is gone.
  lock(machine, "0000000000000000", pid, start, id);
  lock(machine, boot, 2 ** 22 + 1, start, id);
  lock(machine, boot, pid, Number(start) + 1, id);
  await ca.issue(order);
  expect(readdirSync(directory).filter((name) => name.startsWith("lock."))).toEqual([]);
  lock("0000000000000000", boot, 2 ** 22 + 1, start, id);
  expect(await afterAMinute(directory)).toMatchObject({
    message: expect.stringContaining("of another machine or container") as string,
  });
});

test("[CA-21] never two at once, however many try", async () => {
  const { directory } = await newAuthority();
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 30 }, () =>
      withLock(directory, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inside--;
      }),
    ),
  );
  expect(most).toBe(1);
});

test("what fails does not hold up what comes after it", async () => {
  const { ca, directory } = await newAuthority();
  const outcomes = await Promise.allSettled([
    ca.revoke({ serialNumber: "00" }),
    ca.issue(order),
    ca.issue({ ...order, days: 3650 }),
    ca.issue(order),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  expect(readdirSync(directory).filter((name) => name.startsWith("lock."))).toEqual([]);
});

test("a CA that is not there, or no CA", async () => {
  const { directory, folder } = await newAuthority();
  const bad = { code: "ca_state" };
  await expect(CertificateAuthority.open({ directory: join(folder, "none") })).rejects.toMatchObject(bad);
  await expect(CertificateAuthority.open({ directory: folder })).rejects.toMatchObject(bad);
  truncateSync(join(directory, "index.jsonl"));
  await expect(CertificateAuthority.open({ directory })).rejects.toMatchObject(bad);
  writeFileSync(join(directory, "root.cert.pem"), "none");
  await expect(CertificateAuthority.open({ directory })).rejects.toMatchObject(bad);
});

test.each([
  {},
  { directory: "" },
  { directory: 1 },
  { directory: "ca", organisation: "Example" },
  { directory: "ca", organization: 1 },
  { directory: "ca", organization: "Example", permittedDomains: "example.test" },
  { directory: "ca", organization: "Example", permittedDomains: ["*.example.test"] },
  { directory: "ca", organization: "Example", passphrase: "" },
  undefined,
  null,
])("the options %j are refused", async (options) => {
  await expect(CertificateAuthority.create(options as never)).rejects.toMatchObject({
    code: "invalid_argument",
  });
});
