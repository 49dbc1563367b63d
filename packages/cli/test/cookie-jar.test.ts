import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import { hostname } from "node:os";
import { join } from "node:path";
import { listenInTest, temporaryDirectory } from "@tokbind/testing/vitest";
import { expect, test } from "vitest";
import { CookieJar } from "../src/cookies/cookie-jar.ts";
import { withFileLock } from "../src/cookies/file-lock.ts";
import { serve, tokbind } from "./support/tokbind.ts";

const jarFile = async () => join(await temporaryDirectory(), "jar.json");
const site = "https://shop.example/";

async function jarWith(...lines: string[]): Promise<CookieJar> {
  const jar = new CookieJar(await jarFile());
  await jar.keep(site, lines);
  return jar;
}

test("request --cookie-jar logs in, and is known by the next command with the same keys [TBP-5-04]", async () => {
  const url = await serve();
  const file = await jarFile();
  const keys = join(await temporaryDirectory(), "keys");
  const request = (path: string, ...args: string[]) =>
    tokbind(["request", "-k", "--cookie-jar", file, ...args, `${url}${path}`]);
  expect((await request("login", "--key-store", keys, "-d", "user=alice")).code).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(file, ".."))).toEqual(["jar.json"]);
  const me = await request("me", "--key-store", keys);
  expect(JSON.parse(me.stdout)).toMatchObject({ user: "alice" });
  // The jar alone is worth nothing.
  expect(JSON.parse((await request("me")).stdout)).toMatchObject({ code: "token_binding_mismatch" });
  await request("logout", "-X", "POST", "--key-store", keys);
  expect(JSON.parse((await request("me", "--key-store", keys)).stdout)).toMatchObject({
    code: "login_required",
  });
});

test("cookies go along redirects, each to its own server only", async () => {
  const cookies: (string | undefined)[] = [];
  const server = http.createServer((incoming, response) => {
    cookies.push(incoming.headers.cookie);
    const host = incoming.headers.host!;
    const other = host.replace("localhost", "127.0.0.1");
    if (incoming.url === "/0") response.writeHead(302, { location: "/1", "set-cookie": "a=1" }).end();
    else if (incoming.url === "/1") {
      response
        .writeHead(302, { location: `http://${other}/2`, "set-cookie": ["b=2", "c=3; Domain=127.0.0.1"] })
        .end();
    } else response.end();
  });
  const url = `http://localhost:${await listenInTest(server)}/`;
  const file = await jarFile();
  const args = ["request", "--refer", "--cookie-jar", file, "-H", "Cookie: own=0", "-H", "Cookie: more=0"];
  for (let i = 0; i < 2; i++) expect((await tokbind([...args, `${url}0`])).code).toBe(0);
  expect(cookies).toEqual([
    "own=0; more=0",
    "own=0; more=0; a=1",
    undefined,
    "own=0; more=0; a=1; b=2",
    "own=0; more=0; a=1; b=2",
    undefined,
  ]);
});

test.each([
  ["a=1", "a=1", "a=1"],
  ["a=1; Secure; HttpOnly; SameSite=Strict", "a=1", ""],
  ["__Host-a=1; Secure; Path=/", "__Host-a=1", ""],
  ["__Host-a=1; Path=/", "", ""],
  ["__Host-a=1; Secure", "", ""],
  ["__Host-a=1; Secure; Path=/x", "", ""],
  ["__Host-a=1; Secure; Path=/; Domain=shop.example", "", ""],
  ["__HOST-a=1; Secure; Path=/; Domain=shop.example", "", ""],
  ["__secure-a=1", "", ""],
  ["__Secure-a=1; Secure", "__Secure-a=1", ""],
  ["=__Host-a=1; Path=/", "", ""],
  ["a=1; Domain=example", "", ""],
  ["a=1; Domain=bank.example", "", ""],
  ["a=1; Max-Age=0", "", ""],
  ["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "", ""],
  ["\u0000", "", ""],
  ["", "", ""],
])("%j over https gives %j, and %j over http", async (line, secure, plain) => {
  const jar = await jarWith(line);
  expect(jar.cookiesFor(site)).toBe(secure);
  expect(jar.cookiesFor("http://shop.example/")).toBe(plain);
  expect(jar.cookiesFor("https://bank.example/")).toBe("");
  expect(jar.cookiesFor("https://www.shop.example/")).toBe("");
});

test("over http nothing is set that is Secure, or that would take the place of what is", async () => {
  const jar = await jarWith("a=1; Secure", "b=1; Secure; Path=/x; Domain=shop.example", "c=1");
  const lines = ["a=2", "c=2", "d=2; Secure", "e=2; Secure", "b=2; Path=/x/y", "b=3; Path=/"];
  await jar.keep("http://shop.example/", lines);
  await jar.keep("http://www.shop.example/", ["b=4; Path=/x", "b=5; Path=/x; Domain=shop.example"]);
  await jar.keep("http://localhost/", ["f=2; Secure"]);
  await jar.keep("https://www.shop.example/", ["g=1; Secure"]);
  await jar.keep("http://shop.example/", ["g=2; Domain=shop.example"]);
  expect(jar.cookiesFor("https://www.shop.example/")).toBe("g=1");
  expect(jar.cookiesFor(site)).toBe("a=1; c=2; b=3");
  expect(jar.cookiesFor(`${site}x`)).toBe("b=1; a=1; c=2; b=3");
  expect(jar.cookiesFor("https://localhost/")).toBe("");
});

test("what many processes keep at the same time is kept, all of it", async () => {
  let count = 0;
  const server = http.createServer((_incoming, response) => {
    response.setHeader("set-cookie", `c${count++}=1`).end();
  });
  const url = `http://localhost:${await listenInTest(server)}/`;
  const file = await jarFile();
  const runs = Array.from({ length: 6 }, () => tokbind(["request", "--cookie-jar", file, url]));
  for (const { code, stderr } of await Promise.all(runs)) expect([code, stderr]).toEqual([0, ""]);
  const names = new CookieJar(file).cookiesFor(url).split("; ").sort();
  expect(names).toEqual(Array.from({ length: 6 }, (_, i) => `c${i}=1`));
});

test("and many at once in one process", async () => {
  const jar = await jarWith();
  await Promise.all(Array.from({ length: 20 }, (_, i) => jar.keep(site, [`c${i}=1`])));
  expect(jar.cookiesFor(site).split("; ")).toHaveLength(20);
});

test("a lock of a process that was killed is taken over, and that of one that lives is respected", async () => {
  const file = await jarFile();
  const jar = new CookieJar(file);
  const lock = `${file}.lock`;
  // No process has so high a number.
  writeFileSync(lock, `${hostname()} 99999999`);
  writeFileSync(`${file}.new`, "half");
  await Promise.all([jar.keep(site, ["a=1"]), jar.keep(site, ["b=1"])]);
  expect(jar.cookiesFor(site).split("; ").sort()).toEqual(["a=1", "b=1"]);
  expect(readdirSync(join(file, ".."))).toEqual(["jar.json"]);

  for (const owner of [`${hostname()} ${process.ppid}`, "elsewhere 99999999", "", "nonsense"]) {
    writeFileSync(lock, owner);
    await expect(withFileLock(file, () => expect.fail("done"), 20)).rejects.toThrow(
      "delete it if there are none",
    );
    expect(readFileSync(lock, "utf8")).toBe(owner);
  }
});

test("of two that take a lock over the later one has it", async () => {
  const file = await jarFile();
  writeFileSync(`${file}.lock`, `${hostname()} 99999999`);
  const waiting = withFileLock(file, () => expect.fail("done"), 20);
  const other = `${hostname()} ${process.ppid}`;
  expect(readFileSync(`${file}.lock`, "utf8")).toBe(`${hostname()} ${process.pid}`);
  writeFileSync(`${file}.lock`, other);
  await expect(waiting).rejects.toThrow("delete it if there are none");
  expect(readFileSync(`${file}.lock`, "utf8")).toBe(other);
});

test("cookies that expire leave the file", async () => {
  const file = await jarFile();
  const jar = new CookieJar(file);
  await jar.keep(site, ["a=secret", "b=1"]);
  await jar.keep(site, ["a=; Max-Age=0"]);
  await jar.keep(site, ["c=1"]);
  const { cookies } = JSON.parse(readFileSync(file, "utf8")) as { cookies: { key: string }[] };
  expect(cookies.map(({ key }) => key)).toEqual(["b", "c"]);
});

test("a lock is given up when the work fails", async () => {
  const file = await jarFile();
  const work = () => {
    throw new Error("no");
  };
  await expect(withFileLock(file, work)).rejects.toThrow("no");
  expect(existsSync(`${file}.lock`)).toBe(false);
});

test("a file that others can use, or that is something else, is refused before anything is sent", async () => {
  let requests = 0;
  const server = http.createServer((_incoming, response) => {
    requests++;
    response.setHeader("set-cookie", "a=1").end();
  });
  const url = `http://localhost:${await listenInTest(server)}/`;
  const file = await jarFile();
  writeFileSync(file, '{"cookies":[]}', { mode: 0o600 });
  chmodSync(file, 0o640);
  const { code, stdout, stderr } = await tokbind(["request", "--cookie-jar", file, url]);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^tokbind: [^\n]*chmod 600[^\n]*\n$/);
  expect(requests).toBe(0);
  expect(readdirSync(join(file, ".."))).toEqual(["jar.json"]);
  expect(() => new CookieJar(join(file, ".."))).toThrow("regular file");
  expect(() => new CookieJar(join(file, "..", "none", "jar.json"))).toThrow("ENOENT");
});

test.each([
  "",
  "null",
  "[]",
  "{}",
  '{"cookies":5}',
  '{"cookies":[{"key":"secret","value":"b","domain":"shop.example","path":"/","expires":"secret"}]}',
  '{"cookies":[null]}',
  '{"cookies":[{"key":"secret"}]}',
  "# Netscape HTTP Cookie File",
])("a jar of %j is refused without being shown", async (text) => {
  const file = await jarFile();
  writeFileSync(file, text, { mode: 0o600 });
  const failing = () => new CookieJar(file);
  expect(failing).toThrow("expected cookies as this program writes them");
  expect(failing).not.toThrow("secret");
});

test("a jar of more than 4 MiB is neither read nor written, and what is there stays", async () => {
  const file = await jarFile();
  const jar = new CookieJar(file);
  await jar.keep(site, ["a=1"]);
  const before = readFileSync(file);
  const many = Array.from({ length: 1200 }, (_, i) => `c${i}=${"x".repeat(4000)}`);
  await expect(jar.keep(site, many)).rejects.toThrow("at most 4194304 bytes");
  expect(readFileSync(file)).toEqual(before);
  writeFileSync(file, "x".repeat(4_194_305));
  expect(() => jar.cookiesFor(site)).toThrow("at most 4194304 bytes");
});

test("checks of the file's own are not taken over, and a link stays a link", async () => {
  const file = await jarFile();
  const link = join(file, "..", "link");
  writeFileSync(file, '{"rejectPublicSuffixes":false,"prefixSecurity":"unsafe-disabled","cookies":[]}', {
    mode: 0o600,
  });
  symlinkSync(file, link);
  const jar = new CookieJar(link);
  await jar.keep("https://shop.com/", ["a=1; Domain=com", "__Host-b=1", "c=1"]);
  expect(new CookieJar(file).cookiesFor("https://shop.com/")).toBe("c=1");
  expect(readdirSync(join(file, "..")).sort()).toEqual(["jar.json", "link"]);
});
