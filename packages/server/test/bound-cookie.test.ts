import { randomBytes } from "node:crypto";
import { tokenBindingHash } from "@tokbind/crypto";
import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { keys } from "@tokbind/testing/messages";
import { BoundCookie, type BoundCookieOptions, type VerifiedTokenBindings } from "../src/index.ts";

const secret = randomBytes(32);

function proof(key: typeof keys.ec): VerifiedTokenBindings {
  const id = key.id.bytes;
  return { provided: { id, tbh: tokenBindingHash(id), keyParameters: key.keyParameters }, others: [] };
}

const alice = proof(keys.ec);
const mallory = proof(keys.otherEc);

async function refusal(cookie: BoundCookie, header: string, binding: VerifiedTokenBindings | undefined) {
  try {
    await cookie.read(header, binding);
  } catch (error) {
    const { code, status } = error as { code: string; status: number };
    expect(status).toBe(401);
    return code;
  }
  return "accepted";
}

/** What the client sends back of a Set-Cookie value. */
const sent = (setCookie: string) => setCookie.split(";")[0]!;

async function aliceCookie(options: Partial<BoundCookieOptions> = {}) {
  const session = new BoundCookie({ secret, ...options });
  return { session, header: sent(await session.issue({ sub: "alice" }, alice)) };
}

/** A token that we could have signed, but for what `claims` say. */
async function forge(name: string, claims: Record<string, unknown>, withSecret = secret): Promise<string> {
  const token = await new SignJWT({ sub: "alice", aud: name, ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setExpirationTime("1h")
    .sign(withSecret);
  return `${name}=${token}`;
}

test("[TBH-4-01] [TBP-5-01] the cookie works together with the key it was issued to", async () => {
  const { session, header } = await aliceCookie();
  expect(await session.read(header, alice)).toMatchObject({ sub: "alice", cnf: { tbh: alice.provided.tbh } });
  expect(await session.read(`theme=dark; ${header}; x=y`, alice)).toMatchObject({ sub: "alice" });
});

test("[TBP-2-04] [TBP-5-04] the cookie is refused together with another key", async () => {
  const { session, header } = await aliceCookie();
  expect(await refusal(session, header, mallory)).toBe("token_binding_mismatch");
});

test("[TBP-2-04] [TBP-5-03] the cookie is refused without a Token Binding", async () => {
  const { session, header } = await aliceCookie({ acceptUnbound: true });
  expect(await refusal(session, header, undefined)).toBe("token_binding_missing");
});

test("the cookie has the __Host- prefix, Secure, HttpOnly, SameSite and Path=/", async () => {
  const value = await new BoundCookie({ secret, maxAge: 60 }).issue({}, alice);
  expect(value).toMatch(/^__Host-session=[\w.-]+; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  expect(new BoundCookie({ secret, sameSite: "strict" }).clear()).toBe(
    "__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict",
  );
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
    expect(await refusal(session, `${session.name}=${token}`, mallory)).toBe("token_invalid");
  }
  const foreign = await forge(session.name, swapped, randomBytes(32));
  expect(await refusal(session, foreign, mallory)).toBe("token_invalid");
});

test("a cookie can't move to another name", async () => {
  const { header } = await aliceCookie({ name: "__Host-a" });
  const b = new BoundCookie({ secret, name: "__Host-b" });
  expect(await refusal(b, header.replace("__Host-a", "__Host-b"), alice)).toBe("token_invalid");
});

test("a cookie ends", async () => {
  const session = new BoundCookie({ secret });
  const exp = Math.floor(Date.now() / 1000) - 1;
  const claims = { sub: "alice", aud: session.name, exp, cnf: { tbh: alice.provided.tbh } };
  const header = `${session.name}=${await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(secret)}`;
  expect(await refusal(session, header, alice)).toBe("token_expired");
});

test("[TBP-5-05] unbound cookies are honoured only where the policy says so", async () => {
  const strict = new BoundCookie({ secret });
  const lax = new BoundCookie({ secret, acceptUnbound: true });
  const unbound = sent(await lax.issue({ sub: "bob" }, undefined));
  expect(await lax.read(unbound, undefined)).toMatchObject({ sub: "bob" });
  expect(await lax.read(unbound, mallory)).toMatchObject({ sub: "bob" });
  expect(await refusal(strict, unbound, alice)).toBe("token_unbound");
  await expect(strict.issue({}, undefined)).rejects.toMatchObject({ code: "token_binding_missing" });
});

test("a cnf that is not a tbh satisfies nobody", async () => {
  const session = new BoundCookie({ secret, acceptUnbound: true });
  for (const cnf of [null, "x", {}, { tbh: 7 }, { tbh: "" }, { "x5t#S256": alice.provided.tbh }]) {
    const code = await refusal(session, await forge(session.name, { cnf }), alice);
    expect(code).toMatch(/^token_(invalid|binding_mismatch)$/);
  }
});

test("claims of the caller do not displace the binding", async () => {
  const session = new BoundCookie({ secret });
  const header = sent(await session.issue({ cnf: { tbh: mallory.provided.tbh }, aud: "x", exp: 9e9 }, alice));
  expect(await refusal(session, header, mallory)).toBe("token_binding_mismatch");
  expect((await session.read(header, alice))?.exp).toBeLessThan(9e9);
});

test("no cookie is no session", async () => {
  const session = new BoundCookie({ secret });
  expect(await session.read(undefined, alice)).toBeUndefined();
  expect(await session.read("other=1", alice)).toBeUndefined();
  expect(await refusal(session, "__Host-session=", alice)).toBe("token_invalid");
});

test.each<[option: string, options: object]>([
  ["secret", {}],
  ["secret", { secret: randomBytes(31) }],
  // A string's length is no number of bytes, and it would fail at the first token, as the client's fault.
  ["secret", { secret: "correct horse battery staple correct horse" }],
  ["secret", { secret: new ArrayBuffer(32) }],
  ["name", { secret, name: "session" }],
  ["name", { secret, name: "__Host-" }],
  ["name", { secret, name: "__Host-a b" }],
  ["name", { secret, name: "__Host-a;b" }],
  ["name", { secret, name: "__Host-é" }],
  ["name", { secret, name: "__Host-a\n" }],
  ["maxAge", { secret, maxAge: NaN }],
  ["maxAge", { secret, maxAge: 0 }],
  ["maxAge", { secret, maxAge: -1 }],
  ["maxAge", { secret, maxAge: 1.5 }],
  ["maxAge", { secret, maxAge: "3600" }],
  ["maxAge", { secret, maxAge: 34_560_001 }],
  ["sameSite", { secret, sameSite: "Lax" }],
  ["acceptUnbound", { secret, acceptUnbound: 1 }],
  ["maxage", { secret, maxage: 60 }],
])("a cookie that can't be as its options say is refused at once: %s %o", (option, options) => {
  const refuse = () => new BoundCookie(options as BoundCookieOptions);
  expect(refuse).toThrow(expect.objectContaining({ code: "invalid_argument" }) as Error);
  expect(refuse).toThrow(new RegExp(`^BoundCookie: .*\\b${option}\\b`));
  expect(refuse).not.toThrow("horse");
});

test("the secret is kept as it was: who wipes the buffer later does not change it", async () => {
  const mine = randomBytes(32);
  const session = new BoundCookie({ secret: mine });
  const before = sent(await session.issue({ sub: "alice" }, alice));
  mine.fill(0);
  expect(await session.read(before, alice)).toMatchObject({ sub: "alice" });
  expect(await refusal(new BoundCookie({ secret: mine }), before, alice)).toBe("token_invalid");
});

test("[CNF-01] a further confirmation beside the binding is not one that we issued", async () => {
  const session = new BoundCookie({ secret, acceptUnbound: true });
  for (const further of [{ jkt: "x" }, { "x5t#S256": alice.provided.tbh }]) {
    const header = await forge(session.name, { cnf: { tbh: alice.provided.tbh, ...further } });
    expect(await refusal(session, header, alice)).toBe("token_invalid");
  }
});
