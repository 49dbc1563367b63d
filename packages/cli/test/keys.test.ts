import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FileKeyStore } from "@tokbind/client";
import { hasSshAgent, TestSshAgent } from "@tokbind/testing/ssh-agent";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { serve, tokbind } from "./support/tokbind.ts";

const ekm = "5a".repeat(32);

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await tokbind(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as T;
}

interface Listed {
  readonly scope: string;
  readonly keyParameters: string;
  readonly tbh: string;
  readonly created: string | null;
}

async function list(store: string, ...args: string[]): Promise<Listed[]> {
  const { keys } = await json<{ keys: Listed[] }>("keys", "list", "--json", "--key-store", store, ...args);
  return keys;
}
const reset = (store: string, ...args: string[]) => tokbind(["keys", "reset", "--key-store", store, ...args]);

/** Makes keys in a store as `request` does. */
async function used(store: string, ...args: string[]): Promise<string> {
  const url = await serve();
  const { body } = await json<{ body: string }>(
    "request",
    "-k",
    "--json",
    "--key-store",
    store,
    ...args,
    `${url}inspect`,
  );
  return (JSON.parse(body) as { provided: { tbh: string } }).provided.tbh;
}

const seed = (directory: string) => new FileKeyStore({ directory }).get("localhost", "ecdsap256");

describe("keys in a directory", () => {
  test("list shows them, in JSON and as text, and none of a store that is not there", async () => {
    const store = join(await temporaryDirectory(), "keys");
    expect(await list(store)).toEqual([]);
    const tbh = await used(store);
    const [key, ...others] = await list(store);
    expect(others).toEqual([]);
    expect(key).toMatchObject({ scope: "localhost", keyParameters: "ecdsap256", tbh });
    expect(Date.now() - Date.parse(key!.created!)).toBeLessThan(600_000);
    const { code, stdout } = await tokbind(["keys", "list", "--key-store", store]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `localhost  ecdsap256  tbh ${tbh}  ${key!.created!}\n`,
    });
  });

  test("reset by site, whichever of its hosts is named", async () => {
    const store = join(await temporaryDirectory(), "keys");
    const tbh = await used(store);
    expect(await reset(store, "--site", "www.example.com")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await list(store)).toHaveLength(1);
    const { reset: done } = await json<{ reset: object }>(
      "keys",
      "reset",
      "--json",
      "--key-store",
      store,
      "--site",
      "https://localhost:8443/",
    );
    expect(done).toEqual({ site: "localhost:8443", all: false });
    expect(await list(store)).toEqual([]);
    expect(await used(store)).not.toBe(tbh);
  });

  test("reset by time, or all", async () => {
    const store = join(await temporaryDirectory(), "keys");
    await seed(store);
    await reset(store, "--before", "1h");
    expect(await list(store)).toHaveLength(1);
    const [name] = readdirSync(store);
    const old = new Date(Date.now() - 7_200_000);
    utimesSync(join(store, name!), old, old);
    await reset(store, "--since", "90m");
    expect(await list(store)).toHaveLength(1);
    await reset(store, "--since", "2026-01-01", "--before", new Date(old.getTime() - 1000).toISOString());
    expect(await list(store)).toHaveLength(1);
    await reset(store, "--before", "90m");
    expect(await list(store)).toEqual([]);
    await seed(store);
    await reset(store, "--all");
    expect(await list(store)).toEqual([]);
  });

  test("encrypted with a passphrase", async () => {
    const directory = await temporaryDirectory();
    const [store, file] = [join(directory, "keys"), join(directory, "passphrase")];
    writeFileSync(file, "correct horse\nsecond line\n", { mode: 0o600 });
    const passphrase = ["--passphrase-file", file];
    const tbh = await used(store, ...passphrase);
    expect(await list(store, ...passphrase)).toMatchObject([{ scope: "localhost", tbh }]);
    expect(await tokbind(["keys", "list", "--key-store", store])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^tokbind: [^\n]*expected their passphrase, got none\n$/) as string,
    });
    writeFileSync(file, "another\n");
    expect(await tokbind(["keys", "list", "--key-store", store, ...passphrase])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/another passphrase[^\n]*\n$/) as string,
    });
    expect(await reset(store, "--all")).toMatchObject({ code: 0 });
  });
});

describe.skipIf(!hasSshAgent)("keys in an ssh-agent", () => {
  const start = async () => {
    const agent = await TestSshAgent.start();
    vi.stubEnv("SSH_AUTH_SOCK", agent.socket);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    return agent;
  };

  test("request proves them, keys lists and resets them, by the socket's name or by SSH_AUTH_SOCK", async () => {
    const agent = await start();
    agent.add("alice@example.com");
    const tbh = await used("ssh-agent:");
    expect(await used(`ssh-agent:${agent.socket}`)).toBe(tbh);
    expect(await list("ssh-agent:")).toMatchObject([
      { scope: "localhost", keyParameters: "ecdsap256", tbh, created: null },
    ]);
    await reset("ssh-agent:", "--site", "localhost");
    expect(await list("ssh-agent:")).toEqual([]);
    expect(await used("ssh-agent:")).not.toBe(tbh);
    await reset("ssh-agent:", "--all");
    expect(agent.comments()).toEqual(["alice@example.com"]);
    expect(await reset("ssh-agent:", "--since", "1h")).toMatchObject({ code: 2 });
  });

  test("request offers what an agent signs with, and refuses to be told otherwise", async () => {
    await start();
    const url = await serve("--key-parameters", "rsa2048_pss,rsa2048_pkcs1.5");
    const { negotiated } = await json<{ negotiated: object }>(
      "request",
      "-k",
      "--json",
      "--key-store",
      "ssh-agent:",
      `${url}inspect`,
    );
    expect(negotiated).toMatchObject({ keyParameters: "rsa2048_pkcs1.5" });
    expect(
      await tokbind(["request", "-k", "--key-store", "ssh-agent:", "--key-parameters", "rsa2048_pss", url]),
    ).toMatchObject({ code: 2, stderr: expect.stringContaining("which the key store keeps") as string });
  });

  test("sign signs with the key of a comment, of either type", async () => {
    const agent = await start();
    agent.add("work laptop");
    agent.add("work laptop", ["-t", "rsa", "-b", "2048"]);
    for (const [type, args] of [
      ["ecdsap256", []],
      ["ecdsap256", ["--negotiated", "ecdsap256"]],
      ["rsa2048_pkcs1.5", ["--negotiated", "rsa2048_pkcs1.5"]],
    ] as const) {
      const { message } = await json<{ message: string }>(
        "sign",
        "--json",
        "--ekm",
        ekm,
        "--provided",
        "ssh-agent:work laptop",
        ...args,
      );
      const verdict = await json("verify", "--json", "--ekm", ekm, "--negotiated", type, message);
      expect(verdict).toMatchObject({ accepted: true });
    }
    expect(
      await tokbind([
        "sign",
        "--ekm",
        ekm,
        "--provided",
        "ssh-agent:work laptop",
        "--negotiated",
        "rsa2048_pss",
      ]),
    ).toMatchObject({ code: 1, stderr: expect.stringContaining("rsa2048_pss") as string });
    expect(await tokbind(["sign", "--ekm", ekm, "--provided", "ssh-agent:other"])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^tokbind: ssh-agent:other: expected [^\n]*\n$/) as string,
    });
  });
});

test.each([
  ["keys", "list"],
  ["keys", "reset", "--key-store", "keys"],
  ["keys", "reset", "--key-store", "keys", "--all", "--site", "example.com"],
  ["keys", "reset", "--key-store", "keys", "--all", "--since", "1h"],
  ["keys", "reset", "--key-store", "keys", "--site", "http://example.com/"],
  ["keys", "reset", "--key-store", "keys", "--site", ""],
  ["keys", "reset", "--key-store", "keys", "--since", "yesterday"],
  ["keys", "reset", "--key-store", "keys", "--since", "2026-13-01"],
  ["keys", "reset", "--key-store", "keys", "--since", "1h", "--before", "2h"],
  ["keys", "list", "--key-store", "ssh-agent:x", "--passphrase-file", "x"],
  ["request", "--passphrase-file", "x", "https://localhost/"],
  ["keys", "forget"],
  ["keys"],
])("wrong usage: %s %s %s %s %s %s", async (...args) => {
  const { code, stdout } = await tokbind(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

test("an agent that is not there, or not named, is named in the error", async () => {
  vi.stubEnv("SSH_AUTH_SOCK", "");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const args = ["keys", "list", "--key-store"];
  expect(await tokbind([...args, "ssh-agent:"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("SSH_AUTH_SOCK") as string,
  });
  expect(await tokbind([...args, "ssh-agent:/nonexistent/agent.sock"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^tokbind: ssh-agent at \/nonexistent\/agent\.sock: cannot be reached: ENOENT\n$/,
    ) as string,
  });
});
