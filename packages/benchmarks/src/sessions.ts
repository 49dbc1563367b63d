import { randomBytes } from "node:crypto";
import { jwtVerify } from "jose";
import { BoundSession, MemoryStore } from "@tokbind/server";
import { compare, type Comparison, ratioResult, type Work } from "./compare.ts";
import { compareServers, type Pair } from "./compare-servers.ts";
import type { Result } from "./result.ts";

const proof = { tbh: randomBytes(32).toString("base64url") };
const claims = { sub: "alice", roles: ["reader", "writer"] };

/**
 * What a session costs beside a JWT of jose: read alone, and in a server that verifies Token Binding too; and what the
 * verification costs in such a server by itself.
 */
export async function sessionResults(): Promise<Result[]> {
  const secret = randomBytes(32);
  const session = new BoundSession({ secrets: [secret] });
  const cookie = (await session.issue(claims, proof)).split(";")[0]!;
  const stored = new BoundSession({ secrets: [secret], store: new MemoryStore() });
  const id = (await stored.issue(claims, proof)).split(";")[0]!;
  const jose = await joseVerification(cookie.slice(session.name.length + 1), secret, session.name);
  const read =
    ({ read }: BoundSession, field: string): Work =>
    async (count) => {
      for (let i = 0; i < count; i++) await read(field, proof);
    };
  const counts = { ours: 50, baseline: 10 };
  const stateless = await compare(read(session, cookie), jose, counts, 150);
  const opaque = await compare(read(stored, id), jose, counts, 150);
  return [
    ratioResult(
      "BoundSession.read of a cookie: share of jose.jwtVerify of the same token",
      stateless,
      "lower",
      0.2,
    ),
    ratioResult("BoundSession.read from a MemoryStore: share of jose.jwtVerify", opaque, "lower", 0.2),
    ratioResult(
      "processor time of an https server, kept alive: Token Binding and BoundSession of a JWT cookie with jose",
      await compareKeptAlive("bound", "jose"),
      "lower",
      1,
    ),
    ratioResult(
      "processor time of an https server, kept alive: verification of the same requests unverified",
      await compareKeptAlive("verified", "unverified"),
      "lower",
      1.03,
    ),
  ];
}

/** With its key imported once, which makes it twice as fast as with the secret's bytes. */
async function joseVerification(token: string, secret: Uint8Array, audience: string): Promise<Work> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["verify"]);
  const options = { algorithms: ["HS256"], typ: "JWT", audience, requiredClaims: ["exp"] };
  return async (count) => {
    for (let i = 0; i < count; i++) await jwtVerify(token, key, options);
  };
}

/**
 * The processor time of two servers with the same requests over one connection each, kept alive, from a client in a
 * process of its own.
 */
function compareKeptAlive(ours: string, baseline: string): Promise<Comparison> {
  const count = 2_000;
  const pair = (kind: string): Pair => ({
    server: ["session/server.js", kind],
    client: ["session/client.js", count],
  });
  return compareServers(pair(ours), pair(baseline), { meter: "processor", count, rounds: 5 });
}
