import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { jwtVerify } from "jose";
import { expect, test } from "vitest";
import { Secrets } from "../../src/sessions/secrets.ts";
import { SessionTokens } from "../../src/sessions/session-tokens.ts";

// Whatever our check accepts, jose accepts with the same claims: it is stricter here and there and nowhere laxer.

const secret = Buffer.alloc(32, 7);
const name = "__Host-session";
const tokens = new SessionTokens(name, new Secrets([secret]));
const now = Math.floor(Date.now() / 1000);
const claims = {
  sub: "alice",
  n: [1, "é", { x: null }],
  aud: name,
  iat: now,
  exp: now + 3600,
  cnf: { tbh: "x" },
};
const options = { algorithms: ["HS256"], typ: "JWT", audience: name, requiredClaims: ["exp"] };

interface Verdicts {
  readonly ours: unknown;
  readonly jose: unknown;
}

async function verdicts(token: string, key: Uint8Array = secret, reader = tokens): Promise<Verdicts> {
  let ours: unknown;
  try {
    const read = reader.read(token);
    // The caller's check.
    if (read.exp > Math.floor(Date.now() / 1000)) ours = read;
  } catch (error) {
    expect(error).toHaveProperty("code", "token_invalid");
  }
  const jose = await jwtVerify(token, key, options).then(
    ({ payload }) => payload,
    () => undefined,
  );
  return { ours, jose };
}

const base64url = (data: string | Uint8Array) => Buffer.from(data).toString("base64url");

function signed(header: string, payload: string): string {
  const mac = createHmac("sha256", secret).update(`${header}.${payload}`).digest("base64url");
  return `${header}.${payload}.${mac}`;
}

const header = base64url('{"alg":"HS256","typ":"JWT"}');
const good = signed(header, base64url(JSON.stringify(claims)));

test("an issued token is read by jose, and one of jose by us", async () => {
  const issued = await tokens.issue(claims);
  expect(issued).toBe(good);
  expect(await verdicts(issued)).toEqual({ ours: claims, jose: claims });
});

/** One edit of a token, at a place between 0 and 1. */
const edit = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom("replace", "insert", "delete", "double", "flip"),
  text: fc.oneof(
    fc.constantFrom(
      ".",
      "=",
      "==",
      "A",
      "-",
      "_",
      "+",
      "/",
      " ",
      "\n",
      "\0",
      "\u00e9",
      "..",
      "e30",
      "\ud800",
    ),
    fc.string({ minLength: 1, maxLength: 3 }),
  ),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function apply(token: string, { place, kind, text }: Edit): string {
  const at = Math.min(token.length - 1, Math.floor(place * token.length));
  const [before, one, after] = [token.slice(0, at), token.slice(at, at + 1), token.slice(at + 1)];
  if (kind === "insert") return before + text + one + after;
  if (kind === "delete") return before + after;
  if (kind === "double") return before + one + one + after;
  if (kind === "flip") return before + String.fromCharCode(one.charCodeAt(0) ^ 1) + after;
  return before + text + after;
}

async function agree(token: string): Promise<boolean> {
  const { ours, jose } = await verdicts(token);
  if (ours !== undefined) expect(jose).toEqual(ours);
  return ours !== undefined;
}

test("10,000 mutants of a token: what we accept, jose accepts, and it is the token itself", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const token = edits.reduce(apply, good);
      expect(await agree(token)).toBe(token === good);
    }),
    { numRuns: 10_000 },
  );
});

test("10,000 mutants of header and payload, each signed: what we accept, jose accepts", async () => {
  let accepted = 0;
  const member = fc.constantFrom(
    ...['"exp":1', '"exp":"9"', '"exp":9e9', '"exp":null', '"nbf":9e9', '"nbf":1', '"iat":"x"', '"aud":"x"'],
    ...[
      '"aud":["__Host-session"]',
      '"cnf":{"tbh":"y"}',
      '"alg":"none"',
      '"crit":["x"]',
      '"typ":"JWT"',
      '"x":1',
    ],
  );
  const part = fc.record({
    edits: fc.array(edit, { maxLength: 2 }),
    members: fc.array(member, { maxLength: 2 }),
  });
  const change = (json: string, { edits, members }: { edits: Edit[]; members: string[] }) => {
    const whole = members.length === 0 ? json : `${json.slice(0, -1)},${members.join(",")}}`;
    return edits.reduce(apply, whole);
  };
  const run = fc.asyncProperty(
    ...([part, part, fc.boolean(), fc.option(edit)] as const),
    async (head, body, keepHeader, encoded) => {
      const first = keepHeader ? header : base64url(change('{"alg":"HS256","typ":"JWT"}', head));
      const second = base64url(change(JSON.stringify(claims), body));
      if (await agree(signed(first, encoded === null ? second : apply(second, encoded)))) accepted++;
    },
  );
  await fc.assert(run, { numRuns: 10_000 });
  expect(accepted).toBeGreaterThan(100);
});

test.each<[what: string, payload: string | Uint8Array]>([
  ["a member twice", JSON.stringify(claims).replace("{", '{"cnf":{"tbh":"y"},')],
  ["a member twice within cnf", JSON.stringify(claims).replace('"tbh"', '"tbh":"y","tbh"')],
  ["white space", JSON.stringify(claims, null, 1)],
  [
    "invalid UTF-8",
    Buffer.concat([
      Buffer.from(JSON.stringify(claims).slice(0, -1)),
      Buffer.of(0x2c, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d),
    ]),
  ],
  ["a byte order mark", `\ufeff${JSON.stringify(claims)}`],
  ["a list", JSON.stringify([claims])],
  ["null", "null"],
  ["an end beyond all numbers", JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e999')],
])("a signed payload is refused with %s", async (_what, payload) => {
  expect((await verdicts(signed(header, base64url(payload)))).ours).toBeUndefined();
});

test("a signed token is refused with another spelling of its base64url", async () => {
  const payload = base64url(JSON.stringify({ ...claims, pad: "" }));
  const spellings = [
    `${payload}=`,
    `${payload}==`,
    `${payload} `,
    payload.replace(/.$/, (last) => `${last}A`),
  ];
  for (const text of spellings) expect((await verdicts(signed(header, text))).ours).toBeUndefined();
  // Two bits of the MAC's last character say nothing.
  const macs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    .split("")
    .map((last) => good.slice(0, -1) + last)
    .filter((token) => token !== good);
  for (const token of macs) expect((await verdicts(token)).ours).toBeUndefined();
});

test("the published vectors: what we accept, jose accepts, and the other way round but for what is not ours", async () => {
  const file = new URL("../../../../test-vectors/bound-cookie.json", import.meta.url);
  const { tests } = JSON.parse(readFileSync(file, "utf8")) as {
    tests: { secret: string; cookie: string; comment: string }[];
  };
  const laxer: string[] = [];
  let both = 0;
  for (const { secret, cookie, comment } of tests) {
    const key = Buffer.from(secret, "base64url");
    const token = /__Host-session=([^;]*)/.exec(cookie)?.[1] ?? "";
    const { ours, jose } = await verdicts(token, key, new SessionTokens(name, new Secrets([key])));
    if (ours !== undefined) expect(jose).toEqual(ours);
    if (ours === undefined && jose !== undefined) laxer.push(comment);
    if (ours !== undefined) both++;
  }
  expect(both).toBeGreaterThan(20);
  expect(laxer).toEqual([]);
});
