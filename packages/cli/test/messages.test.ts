import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { maxLineLength } from "../src/lines.ts";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { shell, tokbind } from "./support/tokbind.ts";

const ekm = randomBytes(32).toString("hex");

interface Answer {
  readonly name: unknown;
  readonly accepted: boolean;
  readonly code?: string;
}

async function verifyLines(input: string | Uint8Array): Promise<Answer[]> {
  const { code, stdout, stderr } = await tokbind(["verify", "--jsonl"], input);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Answer);
}

/** A key file and a message made with it. */
async function signed(type = "ecdsap256") {
  const file = join(await temporaryDirectory(), "key.json");
  const made = await tokbind(["keygen", "--type", type, "--out", file, "--json"]);
  const message = await tokbind(["sign", "--ekm", ekm, "--provided", file]);
  const { id, tbh } = JSON.parse(made.stdout) as { id: string; tbh: string };
  return { file, id, tbh, message: message.stdout.trim() };
}

test.each(["ecdsap256", "rsa2048_pss", "rsa2048_pkcs1.5"])(
  "keygen, sign and verify belong together for %s",
  async (type) => {
    const { file, id, tbh, message } = await signed(type);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const args = ["--json", "--ekm", ekm, "--negotiated", type, message];
    const accepted = await tokbind(["verify", ...args]);
    expect(accepted.code).toBe(0);
    expect(JSON.parse(accepted.stdout)).toEqual({
      accepted: true,
      provided: { id, keyParameters: type, tbh },
      referred: null,
    });
    const elsewhere = await tokbind(["verify", "--ekm", "00".repeat(32), "--negotiated", type, message]);
    expect(elsewhere).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^rejected: signature_invalid/) as string,
    });
  },
);

test("sign puts a referred binding beside the provided one", async () => {
  const [own, other] = [await signed(), await signed("rsa2048_pss")];
  const args = ["sign", "--json", "--ekm", ekm, "--provided", own.file, "--referred", other.file];
  const { message } = JSON.parse((await tokbind(args)).stdout) as { message: string };
  const [answer] = await verifyLines(JSON.stringify({ name: 1, ekm, negotiated: "ecdsap256", message }));
  expect(answer).toMatchObject({
    name: 1,
    provided: { id: own.id },
    referred: { id: other.id, keyParameters: "rsa2048_pss", tbh: other.tbh, usable: true },
  });
  const wrong = await tokbind([...args, "--negotiated", "rsa2048_pss"]);
  expect(wrong).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("ecdsap256") as string,
  });
});

test("verify --jsonl answers every line in order, however broken", async () => {
  const { message } = await signed();
  const good = { name: "good", ekm, negotiated: "ecdsap256", message };
  const lines = [
    JSON.stringify(good),
    "",
    "{",
    "null",
    "[]",
    '"text"',
    JSON.stringify({ ...good, name: "no ekm", ekm: undefined }),
    JSON.stringify({ ...good, name: "short ekm", ekm: ekm.slice(2) }),
    JSON.stringify({ ...good, name: "unknown parameters", negotiated: "constructor" }),
    JSON.stringify({ ...good, name: "message", message: 7 }),
    JSON.stringify({ ...good, name: "\u2028 " }),
    JSON.stringify({ ...good, name: "upper", ekm: ekm.toUpperCase() }),
    JSON.stringify({ ...good, name: "empty", message: "" }),
    '{"__proto__":{"accepted":true},"name":"proto"}',
    `${JSON.stringify({ ...good, name: "cr" })}\r`,
    "\0",
    JSON.stringify({ ...good, name: "last" }),
  ];
  const answers = await verifyLines(lines.join("\n"));
  expect(answers).toHaveLength(lines.length);
  const accepted = answers.filter((answer) => answer.accepted).map((answer) => answer.name);
  expect(accepted).toEqual(["good", "\u2028 ", "upper", "cr", "last"]);
  for (const answer of answers) {
    if (!answer.accepted) expect(answer.code).toMatch(/^(invalid_argument|empty_message)$/);
  }
});

test("verify --jsonl answers a name that is no text or number, or too long, with null", async () => {
  const { message } = await signed();
  const line = (name: string) =>
    `{"name":${name},"ekm":"${ekm}","negotiated":"ecdsap256","message":"${message}"}`;
  const deep = `${"[".repeat(400_000)}${"]".repeat(400_000)}`;
  const long = "x".repeat(1025);
  const names = ['"a"', "7", "true", "null", '{"a":1}', deep, `"${long}"`, `"${long.slice(1)}"`, '"last"'];
  // Deep elsewhere too: what is not looked at does no harm.
  const lines = [...names.map(line), `{"name":"elsewhere","ekm":${deep}}`, deep, "["];
  const answers = await verifyLines(`${lines.join("\n")}\n`);
  expect(answers.map(({ name }) => name)).toEqual([
    ...["a", 7, null, null, null, null, null, long.slice(1), "last"],
    ...["elsewhere", null, null],
  ]);
  expect(answers.map(({ accepted }) => accepted)).toEqual(lines.map((_, i) => i < names.length));
});

test("verify --jsonl survives bytes that are no text and lines that have no end", async () => {
  const { message } = await signed();
  const good = JSON.stringify({ name: "good", ekm, negotiated: "ecdsap256", message });
  const input = Buffer.concat([
    randomBytes(1000).map((byte) => (byte === 10 ? 0 : byte)),
    Buffer.from("\n"),
    Buffer.alloc(3 * maxLineLength, "a"),
    Buffer.from(`\n${good}\n`),
  ]);
  const answers = await verifyLines(input);
  expect(answers.map((answer) => answer.accepted)).toEqual([false, false, true]);
});

test("inspect shows every byte, and where a broken message breaks", async () => {
  const { message } = await signed();
  const whole = await tokbind(["inspect", "--json", "--ekm", ekm, message]);
  const { fields, error, verdict } = JSON.parse(whole.stdout) as {
    fields: { hex: string; name: string; meaning?: string }[];
    error: unknown;
    verdict: { accepted: boolean };
  };
  expect(fields.map((field) => field.hex).join("")).toBe(Buffer.from(message, "base64url").toString("hex"));
  expect(fields[1]).toMatchObject({ name: "TokenBinding.tokenbinding_type", meaning: "provided" });
  expect({ code: whole.code, error, accepted: verdict.accepted }).toEqual({
    code: 0,
    error: null,
    accepted: true,
  });

  const long = await tokbind(["inspect", "--json", "--ekm", ekm, "-"], "A".repeat(3 * maxLineLength));
  expect(JSON.parse(long.stdout)).toMatchObject({
    error: { code: "message_too_long" },
    verdict: { code: "message_too_long" },
  });

  const broken = await tokbind(["inspect", "-"], `${message}AAAA\n`);
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(/broken at offset 139: trailing_bytes {2}\(TBP-3-20, A-08/);
});

test("wrong usage exits with 2 and says what was expected", async () => {
  for (const args of [
    ["verify"],
    ["nonsense"],
    ["verify", "--ekm", "00", "AAAA"],
    ["keygen", "--type", "x"],
    ["sign"],
    ["request"],
    ["request", "localhost"],
    ["request", "ftp://localhost/"],
    ["request", "-H", "no colon", "https://localhost:1/"],
    ["request", "-H", "a b: c", "https://localhost:1/"],
    ["request", "-H", "a: b\nc: d", "https://localhost:1/"],
    ["request", "-X", "GET /", "https://localhost:1/"],
    ["request", "--tls", "1.1", "https://localhost:1/"],
    ["request", "--key-parameters", "ecdsap256,", "https://localhost:1/"],
    ["serve", "--key-parameters", "ecdsap256,ecdsap256"],
    ["serve", "--port", "65536"],
    ["serve", "--cert", "cert.pem"],
  ]) {
    const { code, stdout, stderr } = await tokbind(args);
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
    expect(stderr).toMatch(/^error: /);
  }
  expect(await tokbind(["--help"])).toMatchObject({ code: 0, stderr: "" });
});

test("inspect and verify read no more of standard input than a message could need", async () => {
  for (const command of ["inspect", `verify --ekm ${ekm}`]) {
    const { code, stdout, stderr } = await shell(`set +o pipefail; yes AAAA | tokbind ${command} -`);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout).toContain(command === "inspect" ? "base64url_character" : "message_too_long");
  }
});

test("the version is that of the package", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  expect(await tokbind(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});
