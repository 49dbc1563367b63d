import { randomBytes } from "node:crypto";
import { type JWTHeaderParameters, SignJWT } from "jose";
import { expect, test } from "vitest";
import { BoundSession } from "../../src/index.ts";
import { alice, failing } from "../support/proofs.ts";

// Tokens made with the right secret, which the server would use for other JWTs too if it were careless: each
// differs in one thing from what `issue` makes.

const secret = randomBytes(64);
const session = new BoundSession({ secrets: [secret] });
const now = Math.floor(Date.now() / 1000);
const claims = { sub: "alice", aud: session.name, iat: now, exp: now + 60, cnf: { tbh: alice.provided.tbh } };

async function read(edit: object, header: Partial<JWTHeaderParameters> = {}, clockTolerance = 0) {
  const token = await new SignJWT({ ...claims, ...edit })
    .setProtectedHeader({ alg: "HS256", typ: "JWT", ...header })
    .sign(secret);
  const reader = new BoundSession({ secrets: [secret], clockTolerance });
  return reader.read(`${session.name}=${token}`, alice);
}

test("[TBP-7.1-02] a token of our own making is read", async () => {
  expect(await read({})).toMatchObject({ sub: "alice" });
});

test.each([
  ["for another audience", { aud: "__Host-other" }, {}],
  ["for no audience", { aud: undefined }, {}],
  ["for an audience in an object", { aud: { 0: "__Host-session", includes: true } }, {}],
  ["without an end", { exp: undefined }, {}],
  ["with an end that is no number", { exp: "never" }, {}],
  ["with an end that is no number in JSON", { exp: null }, {}],
  ["without a beginning", { iat: undefined }, {}],
  ["with a beginning that is no number", { iat: "today" }, {}],
  ["that is to count later", { nbf: now + 30 }, {}],
  ["that is to count from a text on", { nbf: "today" }, {}],
  ["of another type", {}, { typ: "at+jwt" }],
  ["of no type", {}, { typ: undefined }],
  ["with another algorithm", {}, { alg: "HS512" }],
  ["with a key id", {}, { kid: "1" }],
  ["with a critical extension that jose knows", {}, { b64: true, crit: ["b64"] }],
])("[TBP-7.1-02] a token is refused %s", async (_, edit, header) => {
  const refusal = expect.objectContaining({ code: "token_invalid", status: 401 }) as Error;
  await expect(read(edit, header as Partial<JWTHeaderParameters>)).rejects.toThrow(refusal);
});

test("a token that has ended is refused with a code of its own", async () => {
  const error: unknown = await read({ exp: now - 1 }).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: "token_expired", message: "the __Host-session cookie has expired" });
});

test("clocks may differ by clockTolerance", async () => {
  expect(await read({ exp: now - 5 }, {}, 10)).toMatchObject({ sub: "alice" });
  await expect(read({ exp: now - 5 }, {}, 4)).rejects.toThrow(failing("token_expired"));
  await expect(read({ exp: now }, {}, 0)).rejects.toThrow(failing("token_expired"));
  // A clock that is behind sees sessions that begin in its future.
  expect(await read({ iat: now + 30, exp: now + 60 })).toMatchObject({ sub: "alice" });
});

test("errors tell what was expected, and nothing of the cookie", async () => {
  const error: unknown = await session.read(`${session.name}=abc`, alice).catch((error: unknown) => error);
  expect(error).toHaveProperty("message", "the __Host-session cookie is not one that we issued");
  expect(error).not.toHaveProperty("cause");
  await expect(session.issue({}, undefined)).rejects.toThrow("needs a request that proved a Token Binding");
});
