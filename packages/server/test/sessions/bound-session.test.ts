import { randomBytes } from "node:crypto";
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { BoundSession, type BoundSessionOptions, MemoryStore } from "../../src/index.ts";
import { alice, certificate, failing, mallory, otherCertificate, refusal, sent } from "../support/proofs.ts";

const secret = randomBytes(32);
const secrets = [secret];

type Options = Partial<BoundSessionOptions>;

async function aliceCookie(options: Options = {}) {
  const session = new BoundSession({ secrets, ...options });
  return { session, header: sent(await session.issue({ sub: "alice" }, alice)) };
}

/** A token that we could have signed, but for what `claims` say. */
async function forge(name: string, claims: Record<string, unknown>, withSecret = secret): Promise<string> {
  const token = await new SignJWT({ sub: "alice", aud: name, ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(withSecret);
  return `${name}=${token}`;
}

describe.each<[kind: string, options: () => Options]>([
  ["in a cookie", () => ({})],
  ["in a store", () => ({ store: new MemoryStore() })],
])("a session %s", (_kind, options) => {
  test("[TBH-4-01] [TBP-5-01] works together with the key it was issued to", async () => {
    const { session, header } = await aliceCookie(options());
    expect(await session.read(header, alice)).toMatchObject({
      sub: "alice",
      cnf: { tbh: alice.provided.tbh },
    });
    expect(await session.read(`theme=dark; ${header}; x=y`, alice)).toMatchObject({ sub: "alice" });
    expect(await session.read(["theme=dark", header], alice)).toMatchObject({ sub: "alice" });
  });

  test("[TBP-2-04] [TBP-5-04] is refused together with another key", async () => {
    const { session, header } = await aliceCookie(options());
    expect(await refusal(session.read(header, mallory))).toBe("token_binding_mismatch");
  });

  test("[TBP-2-04] [TBP-5-03] is refused without a Token Binding", async () => {
    const { session, header } = await aliceCookie({ ...options(), acceptUnbound: true });
    expect(await refusal(session.read(header, undefined))).toBe("token_binding_missing");
    expect(await refusal(session.read(header, certificate))).toBe("token_binding_missing");
  });

  test("is bound to a client certificate where no Token Binding is proven", async () => {
    const session = new BoundSession({ secrets, ...options() });
    const header = sent(await session.issue({ sub: "alice" }, certificate));
    expect(await session.read(header, certificate)).toMatchObject({ sub: "alice", cnf: certificate });
    expect(await refusal(session.read(header, otherCertificate))).toBe("token_binding_mismatch");
    expect(await refusal(session.read(header, undefined))).toBe("token_binding_missing");
    expect(await refusal(session.read(header, alice))).toBe("token_invalid");
  });

  test("[CNF-02] names one key, the Token Binding if there is one", async () => {
    const session = new BoundSession({ secrets, ...options() });
    const both = { tbh: alice.provided.tbh, ...certificate };
    const header = sent(await session.issue({ sub: "alice" }, both));
    const claims = await session.read(header, alice);
    expect(claims?.cnf).toEqual({ tbh: alice.provided.tbh });
    // So a certificate can be renewed.
    expect(await session.read(header, { ...both, ...otherCertificate })).toMatchObject({ sub: "alice" });
    expect(await refusal(session.read(header, certificate))).toBe("token_binding_missing");
  });

  test("[TBP-5-05] is unbound only where the policy says so", async () => {
    const store = options();
    const strict = new BoundSession({ secrets, ...store });
    const lax = new BoundSession({ secrets, ...store, acceptUnbound: true });
    const unbound = sent(await lax.issue({ sub: "bob" }, undefined));
    expect(await lax.read(unbound, undefined)).toMatchObject({ sub: "bob" });
    expect(await lax.read(unbound, {})).toMatchObject({ sub: "bob" });
    expect(await lax.read(unbound, mallory)).toMatchObject({ sub: "bob" });
    expect(await refusal(strict.read(unbound, alice))).toBe("token_unbound");
    await expect(strict.issue({}, undefined)).rejects.toThrow(failing("token_binding_missing"));
    await expect(strict.issue({}, { tbh: undefined })).rejects.toThrow(failing("token_binding_missing"));
  });

  test("can't move to another name", async () => {
    const shared = options();
    const { header } = await aliceCookie({ ...shared, cookie: { name: "__Host-a" } });
    const b = new BoundSession({ secrets, ...shared, cookie: { name: "__Host-b" } });
    expect(await refusal(b.read(header.replace("__Host-a", "__Host-b"), alice))).toBe("token_invalid");
  });

  test("is not taken for one of the other kind", async () => {
    const { header } = await aliceCookie(options());
    const other = new BoundSession({
      secrets,
      ...("store" in options() ? {} : { store: new MemoryStore() }),
    });
    expect(await refusal(other.read(header, alice))).toBe("token_invalid");
  });

  test("is verified with each secret, and signed with the first", async () => {
    const shared = options();
    const [old, fresh] = [randomBytes(32), randomBytes(48)];
    const before = await aliceCookie({ ...shared, secrets: [old] });
    const rotated = await aliceCookie({ ...shared, secrets: [fresh, old] });
    const after = new BoundSession({ ...shared, secrets: [fresh] });
    expect(await rotated.session.read(before.header, alice)).toMatchObject({ sub: "alice" });
    expect(await after.read(rotated.header, alice)).toMatchObject({ sub: "alice" });
    expect(await refusal(after.read(before.header, alice))).toBe("token_invalid");
    expect(await refusal(before.session.read(rotated.header, alice))).toBe("token_invalid");
  });

  test("has secrets as they were: who wipes the buffer later changes nothing", async () => {
    const shared = options();
    const mine = randomBytes(32);
    const list = [mine];
    const session = new BoundSession({ ...shared, secrets: list });
    mine.fill(0);
    list[0] = randomBytes(32);
    const header = sent(await session.issue({ sub: "alice" }, alice));
    expect(await session.read(header, alice)).toMatchObject({ sub: "alice" });
    const wiped = new BoundSession({ ...shared, secrets: [mine] });
    expect(await refusal(wiped.read(header, alice))).toBe("token_invalid");
  });

  test.each(["aud", "iat", "exp", "nbf", "cnf", "jti"])("has no %s of the application", async (name) => {
    const session = new BoundSession({ secrets, ...options() });
    const claims = { sub: "alice", [name]: name === "cnf" ? { tbh: mallory.provided.tbh } : 9e9 };
    await expect(session.issue(claims, alice)).rejects.toThrow(
      expect.objectContaining({
        code: "invalid_argument",
        message: expect.stringContaining(`got ${name}`) as string,
      }) as Error,
    );
  });

  test.each<[what: string, claims: unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["text", "alice"],
    ["a list", ["alice"]],
    ["a sub that is no text", { sub: 7 }],
    ["what JSON can't hold", { sub: "alice", big: 1n }],
    ["a cnf by way of toJSON", { toJSON: () => ({ cnf: {} }) }],
  ])("is not issued with %s for claims", async (_what, claims) => {
    const session = new BoundSession({ secrets, ...options() });
    await expect(session.issue(claims as { sub: string }, alice)).rejects.toThrow(
      failing("invalid_argument"),
    );
  });

  test.each<[what: string, proof: object]>([
    ["a request", { rawHeaders: [], socket: {} }],
    ["a promise", Promise.resolve(alice)],
    ["what is named otherwise", { thumbprint: certificate["x5t#S256"] }],
    ["a hash in hexadecimal", { tbh: "00".repeat(32) }],
    ["bytes", { "x5t#S256": new Uint8Array(32) }],
  ])("is not issued to %s", async (_what, proof) => {
    const session = new BoundSession({ secrets, ...options(), acceptUnbound: true });
    await expect(session.issue({}, proof)).rejects.toThrow(failing("invalid_argument"));
  });

  test("no cookie is no session", async () => {
    const session = new BoundSession({ secrets, ...options() });
    for (const none of [
      undefined,
      "",
      [],
      "other=1",
      "x__Host-session=1",
      "__host-session=1",
      "__Host-session2=1",
    ]) {
      expect(await session.read(none, alice)).toBeUndefined();
    }
    expect(await refusal(session.read("__Host-session=", alice))).toBe("token_invalid");
    expect(await refusal(session.read("__Host-session", alice))).toBe("token_invalid");
  });

  test("methods work without their object", async () => {
    const { issue, read, clear } = new BoundSession({ secrets, ...options() });
    expect(await read(sent(await issue({ sub: "alice" }, alice)), alice)).toMatchObject({ sub: "alice" });
    expect(clear()).toContain("Max-Age=0");
  });
});

test("claims have the type that the application gives them", async () => {
  const session = new BoundSession<{ sub: string; roles: string[] }>({ secrets });
  const header = sent(await session.issue({ sub: "alice", roles: ["reader"] }, alice));
  const claims = await session.read(header, alice);
  const roles: string[] | undefined = claims?.roles;
  expect(roles).toEqual(["reader"]);
  // @ts-expect-error: roles are missing
  await session.issue({ sub: "alice" }, alice);
});

test("the cookie has the __Host- prefix, Secure, HttpOnly, SameSite and Path=/", async () => {
  const value = await new BoundSession({ secrets, cookie: { maxAge: 60 } }).issue({}, alice);
  expect(value).toMatch(/^__Host-session=[\w.-]+; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  expect(new BoundSession({ secrets, cookie: { sameSite: "strict" } }).clear()).toBe(
    "__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict",
  );
  expect(new BoundSession({ secrets }).name).toBe("__Host-session");
});

test("a cookie that browsers would drop is not issued", async () => {
  const session = new BoundSession({ secrets });
  const fits = async (length: number) => sent(await session.issue({ x: "x".repeat(length) }, alice));
  let length = 2_500;
  while ((await fits(length)).length < 4_095) length++;
  // Name, value and the equals sign, which does not count.
  const longest = await fits(length + 1).catch(() => fits(length));
  expect(longest.length).toBeLessThanOrEqual(4_097);
  expect(await session.read(longest, alice)).toHaveProperty("x");
  await expect(fits(length + 2)).rejects.toThrow(failing("invalid_argument"));
  const stored = new BoundSession({ secrets, store: new MemoryStore() });
  const header = sent(await stored.issue({ x: "x".repeat(10_000) }, alice));
  expect(header.length).toBeLessThan(120);
  expect(await stored.read(header, alice)).toHaveProperty("x");
});

test("[TBP-7.1-02] the binding can be neither removed nor replaced", async () => {
  const { session, header } = await aliceCookie({ acceptUnbound: true });
  const [head, payload, mac] = header.split("=")[1]!.split(".") as [string, string, string];
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { cnf, ...stripped } = claims;
  expect(cnf).toBeDefined();
  const swapped = { ...claims, cnf: { tbh: mallory.provided.tbh } };
  const unsigned = `${encode({ alg: "none", typ: "JWT" })}.${encode(stripped)}.`;
  for (const token of [`${head}.${encode(stripped)}.${mac}`, `${head}.${encode(swapped)}.${mac}`, unsigned]) {
    expect(await refusal(session.read(`${session.name}=${token}`, mallory))).toBe("token_invalid");
  }
  const foreign = await forge(session.name, swapped, randomBytes(32));
  expect(await refusal(session.read(foreign, mallory))).toBe("token_invalid");
});

test("a cnf that is not a tbh satisfies nobody", async () => {
  const session = new BoundSession({ secrets, acceptUnbound: true });
  for (const cnf of [null, "x", {}, { tbh: 7 }, { tbh: "" }, certificate]) {
    const code = await refusal(session.read(await forge(session.name, { cnf }), alice));
    expect(code).toMatch(/^token_(invalid|binding_mismatch)$/);
  }
});

test("[CNF-01] [CNF-02] a further confirmation beside the binding is not one that we issued", async () => {
  const session = new BoundSession({ secrets, acceptUnbound: true });
  for (const further of [{ jkt: "x" }, certificate]) {
    const header = await forge(session.name, { cnf: { tbh: alice.provided.tbh, ...further } });
    expect(await refusal(session.read(header, alice))).toBe("token_invalid");
    expect(await refusal(session.read(header, { tbh: alice.provided.tbh, ...certificate }))).toBe(
      "token_invalid",
    );
  }
});

test.each<[option: string, options: object]>([
  ["secrets", {}],
  ["secrets", { secrets: [] }],
  ["secrets", { secrets: secret }],
  ["secrets", { secrets: [secret, randomBytes(31)] }],
  ["secrets", { secrets: Object.assign([secret], { length: 2 }) }],
  // A string's length is no number of bytes, and it would fail at the first token, as the client's fault.
  ["secrets", { secrets: ["correct horse battery staple correct horse"] }],
  ["secrets", { secrets: [new ArrayBuffer(32)] }],
  ["secret", { secret, secrets }],
  ["store", { secrets, store: new Map() }],
  ["store", { secrets, store: true }],
  ["cookie", { secrets, cookie: null }],
  ["cookie", { secrets, cookie: "__Host-session" }],
  ["name", { secrets, cookie: { name: "session" } }],
  ["name", { secrets, cookie: { name: "__Host-" } }],
  ["name", { secrets, cookie: { name: "__Host-a b" } }],
  ["name", { secrets, cookie: { name: "__Host-a;b" } }],
  ["name", { secrets, cookie: { name: "__Host-é" } }],
  ["name", { secrets, cookie: { name: "__Host-a\n" } }],
  ["maxAge", { secrets, cookie: { maxAge: NaN } }],
  ["maxAge", { secrets, cookie: { maxAge: Infinity } }],
  ["maxAge", { secrets, cookie: { maxAge: 0 } }],
  ["maxAge", { secrets, cookie: { maxAge: -1 } }],
  ["maxAge", { secrets, cookie: { maxAge: 1.5 } }],
  ["maxAge", { secrets, cookie: { maxAge: "3600" } }],
  ["maxAge", { secrets, cookie: { maxAge: 34_560_001 } }],
  ["sameSite", { secrets, cookie: { sameSite: "Lax" } }],
  ["maxage", { secrets, cookie: { maxage: 60 } }],
  ["maxLifetime", { secrets, maxLifetime: NaN }],
  ["maxLifetime", { secrets, maxLifetime: 0 }],
  ["maxLifetime", { secrets, maxLifetime: 3599 }],
  ["clockTolerance", { secrets, clockTolerance: NaN }],
  ["clockTolerance", { secrets, clockTolerance: -1 }],
  ["clockTolerance", { secrets, clockTolerance: 601 }],
  ["clockTolerance", { secrets, clockTolerance: "5s" }],
  ["acceptUnbound", { secrets, acceptUnbound: 1 }],
  ["maxAge", { secrets, maxAge: 60 }],
])("a session that can't be as its options say is refused at once: %s, case %#", (option, options) => {
  const refuse = () => new BoundSession(options as BoundSessionOptions);
  expect(refuse).toThrow(failing("invalid_argument"));
  expect(refuse).toThrow(new RegExp(`^BoundSession: .*\\b${option}\\b`));
  expect(refuse).not.toThrow("horse");
});
