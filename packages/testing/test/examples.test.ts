import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { certificate, TestAuthority } from "../src/index.ts";
import { keys } from "../src/messages.ts";

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

/** Starts a server, and calls `started` with the first line that it prints. It ends with the tests of its `describe`. */
function startForAll(
  name: string,
  args: () => string[],
  started: (line: string, child: ChildProcess) => void,
): void {
  beforeAll(async () => {
    const child = spawn(process.execPath, [example(name), ...args()], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    started(line, child);
    return async () => {
      child.kill();
      await once(child, "close");
    };
  });
}

/** Starts a server of https and returns its port, then those of its further listeners. */
function startHttpsForAll(name: string, ...furtherPorts: "0"[]): (index?: number) => number {
  let ports: number[] = [];
  const args = [pem("cert.pem"), pem("key.pem"), "0", ...furtherPorts];
  startForAll(
    name,
    () => args,
    (line) => {
      ports = [...line.matchAll(/port: (\d+)/g)].map(([, port]) => Number(port));
    },
  );
  return (index = 0) => ports[index]!;
}

/** A request of a client that does not know Token Binding. */
async function fetchUnbound(
  port: number,
  method: string,
  path: string,
  cookie = "",
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const call = request({
    host: "localhost",
    port,
    method,
    path,
    ca: certificate.cert,
    headers: { cookie, ...headers },
  }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  return response;
}

/** Its status and body. */
async function unbound(...call: Parameters<typeof fetchUnbound>): Promise<[number, string]> {
  const response = await fetchUnbound(...call);
  return [response.statusCode ?? 0, (await text(response)).trim()];
}

test("every example is run here", () => {
  const names = readdirSync(example(".")).filter((name) => name.endsWith(".js"));
  expect(names.sort()).toEqual([
    "behind-proxy.js",
    "channel-binding.js",
    "client.js",
    "decode.js",
    "federation-client.js",
    "federation.js",
    // These three against the real thing, in packages/ldap and packages/channel-binding.
    "ldap-bind.js",
    "ldap-front.js",
    "message.js",
    "metrics.js",
    "mutual-tls.js",
    "own-ca.js",
    "postgresql.js",
    "raw-client.js",
    "refer.js",
    "rollout.js",
    "server.js",
    "session-table.js",
  ]);
});

test("message.js prints the hash of the ID that it has verified", async () => {
  expect(await run("message.js")).toMatch(/^[\w-]{43}\n$/);
});

test("own-ca.js: mutual TLS, until the certificate is revoked", async () => {
  expect(await run("own-ca.js")).toBe("alice: 200\nalice: refused\n");
});

test("channel-binding.js logs in over a connection of its own", async () => {
  expect(await run("channel-binding.js", [pem("cert.pem"), pem("key.pem")])).toBe("logged in: alice\n");
});

test("decode.js prints the bindings of a message, or where it breaks", async () => {
  const file = new URL("../../../test-vectors/published-examples.json", import.meta.url);
  const { tests } = JSON.parse(readFileSync(file, "utf8")) as { tests: Record<string, unknown>[] };
  const message = tests.map((each) => each["message"]).find((each) => typeof each === "string")!;
  expect(await run("decode.js", [message])).toMatch(/^0 2 Uint8Array\(68\) \[/);
  expect(await run("decode.js", [`${message}AAAA`])).toBe("trailing_bytes TokenBindingMessage 139\n");
});

describe("server.js", () => {
  const port = startHttpsForAll("server.js");

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
  const port = startHttpsForAll("session-table.js");

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

describe("metrics.js", () => {
  const port = startHttpsForAll("metrics.js", "0");

  test("counts what clients could do, and serves them all", async () => {
    expect(await run("client.js", [pem("cert.pem"), `https://localhost:${port()}/`])).toBe(
      "200 could be bound\n",
    );
    expect(await unbound(port(), "GET", "/")).toEqual([200, "no Token Binding"]);
    const wrong = { "Sec-Token-Binding": "AAAA" };
    expect(await unbound(port(), "GET", "/", "", wrong)).toEqual([200, "no Token Binding"]);

    const metrics = await (await fetch(`http://localhost:${port(1)}/`)).text();
    expect(metrics.match(/^tokbind_.*$/gm)).toEqual([
      expect.stringMatching(
        /^tokbind_connections_total\{key_parameters="ecdsap256",tls_version="TLSv1.3",resumed="\w+"\} \d$/,
      ),
      'tokbind_requests_total{verdict="verified"} 2',
      'tokbind_requests_total{verdict="missing"} 2',
      'tokbind_requests_total{verdict="rejected",code="not_negotiated"} 1',
    ]);
  });
});

describe("rollout.js", () => {
  const port = startHttpsForAll("rollout.js");

  test("binds the sessions of those who can, and counts both kinds", async () => {
    expect(await run("client.js", [pem("cert.pem"), `https://localhost:${port()}/`])).toBe(
      '200 hello alice {"bound":1,"unbound":0}\n',
    );
    const login = await fetchUnbound(port(), "POST", "/login");
    const cookie = login.headers["set-cookie"]?.[0]?.split(";")[0];
    expect(await unbound(port(), "GET", "/", cookie)).toEqual([200, 'hello alice {"bound":1,"unbound":1}']);
  });

  test("does not honour a bound session without its key", async () => {
    const answer = await run("raw-client.js", [pem("cert.pem"), String(port())]);
    const cookie = /Set-Cookie: (__Host-session=[^;]+)/i.exec(answer)?.[1];
    expect(await unbound(port(), "GET", "/", cookie)).toEqual([401, "token_binding_missing"]);
  });
});

describe("federation.js", () => {
  const port = startHttpsForAll("federation.js", "0");
  const shop = () => `https://localhost:${port()}`;

  test("signs federation-client.js on by redirects, and knows it again by its cookie and its key [TBH-5.5-02]", async () => {
    expect(await run("federation-client.js", [pem("cert.pem"), `${shop()}/`])).toBe(
      "200 welcome alice\n200 hello alice\n",
    );
  });

  test("signs refer.js on, which refers by itself", async () => {
    const provider = `https://127.0.0.1:${port(1)}`;
    expect(await run("refer.js", [pem("cert.pem"), shop(), provider])).toBe("200 welcome alice\n");
  });

  test("issues no token to a client that refers nothing [TBH-7.3-01]", async () => {
    const redirect = await fetchUnbound(port(), "GET", "/");
    expect(redirect.headers).not.toHaveProperty("include-referred-token-binding-id");
    const { pathname, search } = new URL(redirect.headers.location!);
    expect(await unbound(port(1), "GET", pathname + search)).toEqual([
      400,
      "expected a client that refers its Token Binding",
    ]);
  });
});

describe("behind-proxy.js", () => {
  let directory = "";
  const path = () => join(directory, "backend.sock");
  startForAll(
    "behind-proxy.js",
    () => {
      directory = mkdtempSync(join(tmpdir(), "tokbind-example-"));
      return [path()];
    },
    (line) => {
      expect(line).toBe(`listening ${path()}`);
    },
  );
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  /** What a proxy sends for a client that has proven a key, or none. */
  async function ask(method: string, target: string, ...fields: string[]): Promise<string> {
    const socket = connect(path());
    const lines = [`${method} ${target} HTTP/1.1`, "Host: localhost", "Connection: close", ...fields, "", ""];
    socket.write(lines.join("\r\n"));
    return text(socket);
  }
  const provided = ({ id }: { id: { bytes: Uint8Array } }) =>
    `Sec-Provided-Token-Binding-ID: ${Buffer.from(id.bytes).toString("base64url")}`;

  test("binds the session to the key that the proxy names, and refuses it with another and with none", async () => {
    const login = await ask("POST", "/login", provided(keys.ec));
    const cookie = `Cookie: ${/Set-Cookie: (__Host-session=[^;]+)/i.exec(login)?.[1]}`;
    expect(await ask("GET", "/", provided(keys.ec), cookie)).toMatch(/^HTTP\/1\.1 200 [^]*hello alice\n/);
    expect(await ask("GET", "/", provided(keys.otherEc), cookie)).toMatch(
      /^HTTP\/1\.1 401 [^]*token_binding_mismatch\n/,
    );
    expect(await ask("GET", "/", cookie)).toMatch(/^HTTP\/1\.1 401 [^]*token_binding_missing\n/);
    expect(await ask("GET", "/")).toMatch(/^HTTP\/1\.1 200 [^]*hello stranger\n/);
  });
});

describe("mutual-tls.js", async () => {
  const root = await TestAuthority.create("Root");
  const issuing = await root.issuing("Issuing");
  const alice = await issuing.issue({ names: [{ type: "email", value: "alice@example.test" }] });
  const sensor = await issuing.issue({ names: [{ type: "url", value: "urn:sensor:1" }] });
  const directory = mkdtempSync(join(tmpdir(), "tokbind-example-"));
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
  };
  let server: { port: number; process: ChildProcess };
  startForAll(
    "mutual-tls.js",
    () => {
      write("root.cert.pem", root.cert);
      write("issuing.cert.pem", issuing.cert);
      write("crl.pem", issuing.crl());
      write("root.crl.pem", root.crl());
      return [directory, pem("cert.pem"), pem("key.pem"), "0"];
    },
    (line, process) => {
      server = { port: Number(/port: (\d+)/.exec(line)![1]), process };
    },
  );
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  async function ask(path: string, holder: { cert?: string; key?: string } = {}): Promise<string> {
    const { cert, key } = holder;
    const options = { host: "localhost", port: server.port, path, ca: certificate.cert, agent: false };
    const call = request({ ...options, ...(cert !== undefined && { cert, key }) }).end();
    const [response] = (await once(call, "response")) as [IncomingMessage];
    return `${response.statusCode} ${(await text(response)).trim()}`;
  }

  test("judges every request, and takes new CRLs at a signal", async () => {
    expect(await ask("/")).toBe("401 certificate_missing");
    expect(await ask("/staff", alice)).toBe("200 hello user alice@example.test without a key");
    expect(await ask("/", sensor)).toBe("200 hello device urn:sensor:1 without a key");
    expect(await ask("/staff", sensor)).toBe("403 certificate_subject_mismatch");
    write("crl.pem", issuing.crl({ revoked: [alice.serial] }));
    server.process.kill("SIGHUP");
    while ((await ask("/", alice)) !== "401 certificate_revoked");
    expect(await ask("/", sensor)).toBe("200 hello device urn:sensor:1 without a key");
  });
});
