import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { hasSshAgent, TestSshAgent } from "@tokbind/testing/ssh-agent";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { beforeAll, expect, test } from "vitest";

// The examples of docs/guide/key-storage.md, as their first lines say how to run them: on the compiled packages.

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const pem = (name: string) => file(`packages/testing/certificate/${name}.pem`);
const folder = file("docs/examples/key-stores/");

const softHsm = "/usr/lib/softhsm/libsofthsm2.so";
const hasSoftHsm = existsSync(softHsm) && spawnSync("pkcs11-tool", ["--version"]).status !== null;
if (!hasSoftHsm) {
  process.stderr.write("skipped: keys in a PKCS#11 token need SoftHSM 2 (Debian: softhsm2, opensc)\n");
}

let port = "";
beforeAll(async () => {
  const args = [file("docs/examples/server.js"), pem("cert"), pem("key"), "0"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  port = /port: (\d+)/.exec(line)![1]!;
  return async () => {
    child.kill();
    await once(child, "close");
  };
});

/** Runs an example to its end, in a directory. */
async function run(name: string, cwd: string, env: object = {}, ...more: string[]): Promise<string> {
  const args = [folder + name, pem("cert"), `https://localhost:${port}/`, ...more];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
  });
  return stdout;
}

test("every example is run here", () => {
  expect(readdirSync(folder).sort()).toEqual([
    "encrypted.js",
    "log-in.js",
    "pkcs11.js",
    "signing-service.js",
    "ssh-agent.js",
    "web-crypto.js",
  ]);
});

test("encrypted.js, and nothing but its parameters is left", async () => {
  const cwd = await temporaryDirectory();
  expect(await run("encrypted.js", cwd, { PASSPHRASE: "correct horse" })).toBe("200 hello alice\n");
  expect(readdirSync(join(cwd, "keys"))).toEqual(["passphrase.json"]);
});

test("web-crypto.js and signing-service.js, which leave nothing behind", async () => {
  const cwd = await temporaryDirectory();
  for (const name of ["web-crypto.js", "signing-service.js"]) {
    expect(await run(name, cwd)).toBe("200 hello alice\n");
  }
  expect(readdirSync(cwd)).toEqual([]);
});

test.skipIf(!hasSshAgent)("ssh-agent.js", async () => {
  const agent = await TestSshAgent.start();
  expect(await run("ssh-agent.js", await temporaryDirectory(), { SSH_AUTH_SOCK: agent.socket })).toBe(
    "200 hello alice\n",
  );
  expect(agent.comments()).toEqual(["tokbind:localhost"]);
});

/** A token of a test's own: where its configuration is. */
async function makeToken(): Promise<string> {
  const directory = await temporaryDirectory();
  const configuration = join(directory, "softhsm2.conf");
  await mkdir(join(directory, "tokens"));
  await writeFile(configuration, `directories.tokendir = ${join(directory, "tokens")}\nlog.level = ERROR\n`);
  const args = ["--init-token", "--free", "--label", "tokbind", "--pin", "1234", "--so-pin", "5678"];
  const { status } = spawnSync("softhsm2-util", args, {
    env: { ...process.env, SOFTHSM2_CONF: configuration },
  });
  expect(status).toBe(0);
  return configuration;
}

test.skipIf(!hasSoftHsm)("pkcs11.js makes a key in the token, and finds it again", async () => {
  const env = { SOFTHSM2_CONF: await makeToken(), PIN: "1234" };
  const keys = () => {
    const args = [
      "--module",
      softHsm,
      "--token-label",
      "tokbind",
      "--login",
      "--pin",
      "1234",
      "--list-objects",
    ];
    return String(spawnSync("pkcs11-tool", args, { env: { ...process.env, ...env } }).stdout).match(
      /^Private Key Object/gm,
    );
  };
  const cwd = await temporaryDirectory();
  expect(await run("pkcs11.js", cwd, env, softHsm, "tokbind")).toBe("200 hello alice\n");
  expect(keys()).toHaveLength(1);
  expect(await run("pkcs11.js", cwd, env, softHsm, "tokbind")).toBe("200 hello alice\n");
  expect(keys()).toHaveLength(1);
  await expect(run("pkcs11.js", cwd, { ...env, PIN: "4321" }, softHsm, "tokbind")).rejects.toMatchObject({
    stderr: expect.stringContaining("key_store") as string,
  });
});

test.skipIf(!hasSoftHsm || !hasSshAgent)(
  "ssh-agent.js with a token that was added with ssh-add -s",
  async () => {
    const configuration = { SOFTHSM2_CONF: await makeToken() };
    // Its helper loads the module.
    const agent = await TestSshAgent.start(["-P", "/usr/lib/*"], configuration);
    const env = { ...process.env, ...configuration };
    const cwd = await temporaryDirectory();
    const label = ["--label", "tokbind:localhost", "--id", "01"];
    const login = ["--module", softHsm, "--token-label", "tokbind", "--login", "--pin", "1234"];
    spawnSync("pkcs11-tool", [...login, "--keypairgen", "--key-type", "EC:prime256v1", ...label], { env });
    const askpass = join(cwd, "askpass");
    await writeFile(askpass, "#!/bin/sh\necho 1234\n", { mode: 0o700 });
    const asking = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force", SSH_AUTH_SOCK: agent.socket };
    spawnSync("ssh-add", ["-s", softHsm], { env: { ...env, ...asking } });
    expect(agent.comments()).toEqual(["tokbind:localhost"]);
    expect(await run("ssh-agent.js", cwd, { SSH_AUTH_SOCK: agent.socket })).toBe("200 hello alice\n");
    expect(agent.comments()).toEqual(["tokbind:localhost"]);
  },
);
