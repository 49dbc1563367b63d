import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import https from "node:https";
import { join } from "node:path";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { listenInTest, temporaryDirectory } from "@tokbind/testing/vitest";
import { expect, test } from "vitest";
import { type Finished, shell, tokbind } from "./support/tokbind.ts";

/** A directory with a CA in it, and `tokbind ca` there; it has to succeed. */
async function newCa(...args: string[]) {
  const folder = await temporaryDirectory();
  const at = (name: string) => join(folder, name);
  const attempt = (name: string, ...rest: string[]) => tokbind(["ca", name, "--ca", at("ca"), ...rest]);
  const run = async (name: string, ...rest: string[]): Promise<string> => {
    const { code, stdout, stderr } = await attempt(name, ...rest);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };
  const json = async (name: string, ...rest: string[]) =>
    JSON.parse(await run(name, "--json", ...rest)) as Record<string, unknown>;
  await run("init", "--name", "Example", ...args);
  return { folder, at, attempt, run, json };
}

const user = ["--profile", "user", "--email", "alice@example.test"];
const modeOf = (path: string) => statSync(path).mode & 0o777;
const isPair = (cert: string, key: string) =>
  new X509Certificate(readFileSync(cert)).checkPrivateKey(createPrivateKey(readFileSync(key)));
const failed = (code: number, stderr: RegExp): Finished => ({
  code,
  stdout: "",
  stderr: expect.stringMatching(stderr) as string,
});

test("[CA-01] three commands, and mutual TLS works", async () => {
  const { at, run } = await newCa();
  const server = await run("issue", "--profile", "server", "--dns", "localhost", "--out", at("server"));
  expect(server).toMatch(
    /next: \.\/tokbind serve --cert \S+ --key \S+ --client-ca \S+ --crl \S+ --crl \S+\n$/,
  );
  const alice = await run("issue", ...user, "--name", "Alice", "--out", at("alice"));
  expect(alice).toMatch(/next: \.\/tokbind request --cert \S+ --key \S+ --ca \S+ https:/);
  const read = (name: string) => readFileSync(at(name));
  const pair = (name: string) => ({ cert: read(`${name}.cert.pem`), key: read(`${name}.key.pem`) });
  const crl = [read("ca/crl.pem"), read("ca/root.crl.pem")];
  const ca = read("ca/root.cert.pem");
  const origin = https.createServer({ ...pair("server"), ca, crl, requestCert: true }, (_, response) => {
    response.end();
  });
  const port = await listenInTest(origin);
  const call = https
    .request({ host: "127.0.0.1", servername: "localhost", port, ca, ...pair("alice") })
    .end();
  const [response] = (await once(call, "response")) as [{ statusCode: number }];
  expect(response.statusCode).toBe(200);
  expect(modeOf(at("alice.key.pem"))).toBe(0o600);
});

test("JSON of every command", async () => {
  const { at, json } = await newCa();
  const issued = await json("issue", ...user, "--out", at("a"), "--days", "3");
  expect(issued).toEqual({
    serialNumber: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    profile: "user",
    notBefore: expect.any(String) as string,
    notAfter: expect.any(String) as string,
    cert: at("a.cert.pem"),
    key: at("a.key.pem"),
  });
  const pair = ["--cert", at("a.cert.pem"), "--key", at("a.key.pem")];
  expect(await json("renew", ...pair, "--if-due", "--in-place")).toEqual({
    renewed: false,
    due: expect.any(String) as string,
  });
  expect(await json("renew", ...pair, "--out", at("b"))).toMatchObject({
    renewed: true,
    cert: at("b.cert.pem"),
  });
  expect(await json("revoke", String(issued["serialNumber"]), "--reason", "superseded")).toMatchObject({
    serialNumber: issued["serialNumber"],
    reason: "superseded",
    crl: at("ca/crl.pem"),
    crlNumber: 2,
  });
  expect(await json("crl")).toMatchObject({
    crl: at("ca/crl.pem"),
    number: 3,
    revoked: 1,
    root: { number: 2 },
  });
  const { certificates } = await json("list");
  expect(certificates).toMatchObject([
    { serialNumber: issued["serialNumber"], status: "revoked", revocation: { reason: "superseded" } },
    { status: "good", renews: issued["serialNumber"] },
  ]);
});

test("nothing is overwritten, and nothing is issued that has no place to go to", async () => {
  const { folder, at, attempt, json } = await newCa();
  writeFileSync(at("a.key.pem"), "precious");
  const before = readdirSync(folder);
  expect(await attempt("issue", ...user, "--out", at("a"))).toEqual(
    failed(1, /a\.key\.pem cannot be written: EEXIST/),
  );
  expect(await attempt("issue", ...user, "--out", at("none/a"))).toEqual(failed(1, /ENOENT/));
  expect(await attempt("init", "--name", "Another")).toEqual(
    failed(1, /exists already, and nothing is overwritten/),
  );
  expect(readdirSync(folder)).toEqual(before);
  expect(readFileSync(at("a.key.pem"), "utf8")).toBe("precious");
  expect((await json("list"))["certificates"]).toEqual([]);
});

test.each([
  [["issue", "--profile", "admin", "--out", "a"], /expected one of server, user, device, service/],
  [["issue", "--profile", "user", "--email", "a@a.test"], /required option '--out/],
  [
    ["issue", "--profile", "user", "--email", "a@a.test", "--out", "a", "--days", "0"],
    /expected a number of days/,
  ],
  [["issue", "--profile", "server", "--out", "a"], /a server certificate: expected dns or ip/],
  [["issue", "--profile", "user", "--email", "a\nb@a.test", "--out", "a"], /email: expected/],
  [["renew", "--cert", "a", "--key", "b"], /expected either --out PREFIX or --in-place/],
  [["renew", "--cert", "a", "--key", "b", "--out", "c", "--in-place"], /expected either/],
  [["revoke"], /expected either a serial number or --cert/],
  [["revoke", "00", "--reason", "because"], /expected one of unspecified/],
  [["unknown"], /unknown command/],
])("wrong usage: %j", async (args, message) => {
  const { folder, at } = await newCa();
  const { code, stderr } = await tokbind(["ca", args[0]!, "--ca", at("ca"), ...args.slice(1)]);
  expect(code, stderr).toBe(2);
  expect(stderr).toMatch(message);
  expect(readdirSync(folder)).toEqual(["ca"]);
});

test("[CA-13] [CA-24] in place: key and certificate are a pair wherever a renewal was killed", async () => {
  const { folder, at, run, json } = await newCa();
  await run("issue", ...user, "--out", at("a"));
  const [cert, key] = [at("a.cert.pem"), at("a.key.pem")];
  const inPlace = ["renew", "--cert", cert, "--key", key, "--in-place"];
  const old = readFileSync(cert);
  expect(await json(...(inPlace as [string, ...string[]]))).toMatchObject({ renewed: true, cert, key });
  expect(readFileSync(cert)).not.toEqual(old);
  expect(isPair(cert, key)).toBe(true);
  expect(modeOf(key)).toBe(0o600);
  // Killed between the two: the new key is in place, the new certificate is not.
  await run("issue", ...user, "--out", at("b"));
  renameSync(at("b.cert.pem"), `${cert}.new`);
  renameSync(at("b.key.pem"), key);
  expect(isPair(cert, key)).toBe(false);
  await run(...(inPlace as [string, ...string[]]), "--if-due");
  expect(isPair(cert, key)).toBe(true);
  // Killed before: half of the new ones lie there.
  writeFileSync(`${cert}.new`, "");
  writeFileSync(`${key}.new`, "");
  await run(...(inPlace as [string, ...string[]]));
  expect(isPair(cert, key)).toBe(true);
  expect(readdirSync(folder).toSorted()).toEqual(["a.cert.pem", "a.key.pem", "ca"]);
});

test("[CA-13] what is revoked is not renewed", async () => {
  const { folder, at, attempt, run } = await newCa();
  await run("issue", ...user, "--out", at("a"));
  await run("revoke", "--cert", at("a.cert.pem"));
  const pair = ["--cert", at("a.cert.pem"), "--key", at("a.key.pem")];
  const before = readdirSync(folder);
  expect(await attempt("renew", ...pair, "--out", at("b"))).toEqual(
    failed(1, /expected a certificate that still counts/),
  );
  expect(readdirSync(folder)).toEqual(before);
});

test("[CA-11] sign takes a request in either form", async () => {
  const { at, run } = await newCa();
  const make = (form: string) =>
    shell(
      `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${at("k.pem")} -subj /CN=admin ` +
        `-outform ${form} -out ${at(`request.${form}`)} 2> /dev/null`,
    );
  for (const form of ["PEM", "DER"]) {
    expect((await make(form)).code).toBe(0);
    await run(
      "sign",
      "--request",
      at(`request.${form}`),
      "--profile",
      "device",
      "--uri",
      "urn:a",
      "--out",
      at(form),
    );
    expect(new X509Certificate(readFileSync(at(`${form}.cert.pem`))).subjectAltName).toBe("URI:urn:a");
    expect(isPair(at(`${form}.cert.pem`), at("k.pem"))).toBe(true);
  }
});

test("PKCS #12, with a password of its own or a given one", async () => {
  const { at, json } = await newCa();
  const made = await json("issue", ...user, "--out", at("a"), "--pkcs12");
  expect(made["pkcs12Password"]).toMatch(/^[a-z2-9]{24}$/);
  expect(modeOf(at("a.p12"))).toBe(0o600);
  writeFileSync(at("password"), "given\n");
  const given = await json("issue", ...user, "--out", at("b"), "--pkcs12-password-file", at("password"));
  expect(given).not.toHaveProperty("pkcs12Password");
  for (const [file, password] of [
    ["a.p12", String(made["pkcs12Password"])],
    ["b.p12", "given"],
  ] as const) {
    const { code } = await shell(
      `openssl pkcs12 -in ${at(file)} -passin pass:${password} -nodes -out ${at("out.pem")}`,
    );
    expect(code).toBe(0);
  }
});

test("[CA-20] with a passphrase and the root's key elsewhere", async () => {
  const folder = await temporaryDirectory();
  const at = (name: string) => join(folder, name);
  writeFileSync(at("pass"), "correct horse\n");
  writeFileSync(at("rootpass"), "in the safe\n");
  const ca = (name: string, ...args: string[]) => tokbind(["ca", name, "--ca", at("ca"), ...args]);
  const root = ["--root-key", at("usb.pem"), "--root-passphrase-file", at("rootpass")];
  const pass = ["--passphrase-file", at("pass")];
  expect((await ca("init", "--name", "Example", ...pass, ...root)).code).toBe(0);
  expect(readFileSync(at("usb.pem"), "utf8")).toContain("ENCRYPTED");
  expect(await ca("issue", ...user, "--out", at("a"))).toEqual(
    failed(1, /is encrypted: expected its passphrase/),
  );
  expect((await ca("issue", ...user, "--out", at("a"), ...pass)).code).toBe(0);
  const daily = await ca("crl", "--json", ...pass);
  expect(daily).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(daily.stdout)).not.toHaveProperty("root");
  expect(JSON.parse((await ca("crl", "--json", ...pass, ...root)).stdout)).toMatchObject({
    root: { number: 2 },
  });
  const piped = await tokbind(["ca", "crl", "--ca", at("ca"), "--passphrase-file", "-"], "correct horse\n");
  expect(piped.code).toBe(0);
});
