import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { certificate } from "../src/index.ts";

// The examples of docs/examples, as their first lines say how to run them: on the compiled packages.

const example = (name: string) => fileURLToPath(new URL(`../../../docs/examples/${name}`, import.meta.url));
const pem = (name: string) => fileURLToPath(new URL(`../certificate/${name}`, import.meta.url));

/** Runs an example to its end, in an empty directory that goes with the test. */
async function run(name: string, args: string[] = []): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), "tokbind-example-"));
  onTestFinished(() => {
    rmSync(cwd, { recursive: true });
  });
  const { stdout } = await promisify(execFile)(process.execPath, [example(name), ...args], {
    cwd,
  });
  return stdout;
}

/** Starts a server and returns its port. It ends with the tests of its `describe`. */
function startForAll(name: string): () => number {
  let port = 0;
  beforeAll(async () => {
    const child = spawn(process.execPath, [example(name), pem("cert.pem"), pem("key.pem"), "0"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    port = Number(/port: (\d+)/.exec(line)?.[1]);
    return async () => {
      child.kill();
      await once(child, "close");
    };
  });
  return () => port;
}

/** A request of a client that does not know Token Binding. */
async function unbound(port: number, method: string, path: string, cookie = ""): Promise<[number, string]> {
  const call = request({
    host: "localhost",
    port,
    method,
    path,
    ca: certificate.cert,
    headers: { cookie },
  }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  return [response.statusCode ?? 0, (await text(response)).trim()];
}

test("every example is run here", () => {
  const names = readdirSync(example(".")).filter((name) => name.endsWith(".js"));
  expect(names.sort()).toEqual([
    "client.js",
    "decode.js",
    "message.js",
    "raw-client.js",
    "server.js",
    "session-table.js",
  ]);
});

test("message.js prints the hash of the ID that it has verified", async () => {
  expect(await run("message.js")).toMatch(/^[\w-]{43}\n$/);
});

test("decode.js prints the bindings of a message, or where it breaks", async () => {
  const file = new URL("../../../test-vectors/published-examples.json", import.meta.url);
  const { tests } = JSON.parse(readFileSync(file, "utf8")) as { tests: Record<string, unknown>[] };
  const message = tests.map((each) => each["message"]).find((each) => typeof each === "string")!;
  expect(await run("decode.js", [message])).toMatch(/^0 2 Uint8Array\(68\) \[/);
  expect(await run("decode.js", [`${message}AAAA`])).toBe("trailing_bytes TokenBindingMessage 139\n");
});

describe("server.js", () => {
  const port = startForAll("server.js");

  test("knows client.js again by its cookie and its key", async () => {
    expect(await run("client.js", [pem("cert.pem"), `https://localhost:${port()}/`])).toBe(
      "200 hello alice\n",
    );
  });

  test("binds the session of raw-client.js, and refuses its cookie from anybody else", async () => {
    const answer = await run("raw-client.js", [pem("cert.pem"), String(port())]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const cookie = /Set-Cookie: (__Host-session=[^;]+)/i.exec(answer)?.[1];
    expect(await unbound(port(), "GET", "/", cookie)).toEqual([401, "token_binding_missing"]);
  });

  test("logs nobody in without Token Binding, and serves strangers", async () => {
    expect(await unbound(port(), "POST", "/login")).toEqual([401, "token_binding_missing"]);
    expect(await unbound(port(), "GET", "/")).toEqual([200, "hello stranger"]);
  });
});

describe("session-table.js", () => {
  const port = startForAll("session-table.js");

  test("knows client.js again by its cookie and its key", async () => {
    expect(await run("client.js", [pem("cert.pem"), `https://localhost:${port()}/`])).toBe(
      "200 hello alice\n",
    );
  });

  test("refuses the cookie of raw-client.js to anybody else", async () => {
    const answer = await run("raw-client.js", [pem("cert.pem"), String(port())]);
    const cookie = /Set-Cookie: (__Host-id=[^;]+)/i.exec(answer)?.[1];
    expect(cookie).toBeDefined();
    expect(await unbound(port(), "GET", "/", cookie)).toEqual([400, "header_missing"]);
  });
});
