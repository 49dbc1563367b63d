import { randomBytes } from "node:crypto";
import { tokenBindingHash } from "@tokbind/crypto";
import { type JWTHeaderParameters, SignJWT } from "jose";
import { expect, test } from "vitest";
import { keys } from "@tokbind/testing/messages";
import { BoundCookie } from "../src/index.ts";

// Tokens made with the right secret, which the server would use for other JWTs too if it were careless: each
// differs in one thing from what `issue` makes.

const secret = randomBytes(64);
const cookie = new BoundCookie({ secret });
const { id, keyParameters } = keys.ec;
const alice = {
  provided: { id: id.bytes, tbh: tokenBindingHash(id.bytes), keyParameters },
  others: [],
};
const now = Math.floor(Date.now() / 1000);
const claims = { sub: "alice", aud: cookie.name, exp: now + 60, cnf: { tbh: alice.provided.tbh } };

async function read(edit: object, header: Partial<JWTHeaderParameters> = {}) {
  const token = await new SignJWT({ ...claims, ...edit })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", ...header })
    .sign(secret);
  return cookie.read(`${cookie.name}=${token}`, alice);
}

test("[TBP-7.1-02] a token of our own making is read", async () => {
  expect(await read({})).toMatchObject({ sub: "alice" });
});

test.each([
  ["for another audience", { aud: "__Host-other" }, {}],
  ["for no audience", { aud: undefined }, {}],
  ["without an end", { exp: undefined }, {}],
  ["with an end that is no number", { exp: "never" }, {}],
  ["of another type", {}, { typ: "at+jwt" }],
  ["of no type", {}, { typ: undefined }],
  ["with another algorithm", {}, { alg: "HS512" }],
])("[TBP-7.1-02] a token is refused %s", async (_, edit, header) => {
  const refusal = expect.objectContaining({ code: "token_invalid", status: 401 }) as Error;
  await expect(read(edit, header as Partial<JWTHeaderParameters>)).rejects.toThrow(refusal);
});

test("a token that has ended is refused with a code of its own", async () => {
  const error: unknown = await read({ exp: now - 1 }).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: "token_expired", message: "the __Host-session cookie has expired" });
  expect(error).toHaveProperty("cause.code", "ERR_JWT_EXPIRED");
});

test("errors tell what was expected, and why a token is not ours", async () => {
  const error: unknown = await cookie.read(`${cookie.name}=x`, alice).catch((error: unknown) => error);
  expect(error).toHaveProperty("message", "the __Host-session cookie is not one that we issued");
  expect(error).toHaveProperty("cause.code", "ERR_JWS_INVALID");
  await expect(cookie.issue({}, undefined)).rejects.toThrow("needs a request that proved a Token Binding");
  expect(new BoundCookie({ secret: randomBytes(32) }).name).toBe("__Host-session");
});
