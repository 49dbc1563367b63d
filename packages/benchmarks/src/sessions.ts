import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { jwtVerify } from "jose";
import { BoundSession, MemoryStore } from "@tokbind/server";
import { compare, median, ratioResult, type Work } from "./compare.ts";
import type { Result } from "./result.ts";

const proof = { tbh: randomBytes(32).toString("base64url") };
const claims = { sub: "alice", roles: ["reader", "writer"] };

/** What a session costs beside a JWT of jose: read alone, and in a server that verifies Token Binding too. */
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
    await serverResult(),
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

/** Requests per measurement: about a quarter of a second of the server. */
const requests = 2_000;
const rounds = 15;

/**
 * The processor time of two servers with the same requests over one connection each, kept alive, from a client in a
 * process of its own: one verifies the Token Binding and reads a bound session, the other reads a JWT with jose.
 */
async function serverResult(): Promise<Result> {
  const ours = await startServer("bound");
  const plain = await startServer("plain");
  const ratios: number[] = [];
  const noises: number[] = [];
  const times = { ours: [] as number[], plain: [] as number[] };
  // As many uncounted rounds first, but for a few.
  for (let round = -5; round < rounds; round++) {
    const before = await plain.measure();
    const own = await ours.measure();
    const after = await plain.measure();
    if (round < 0) continue;
    ratios.push((2 * own) / (before + after));
    noises.push(after / before);
    times.ours.push(own);
    times.plain.push(before, after);
  }
  for (const { stop } of [ours, plain]) await stop();
  const comparison = {
    ratio: median(ratios),
    noise: median(noises),
    ours: median(times.ours),
    baseline: median(times.plain),
  };
  return ratioResult(
    "processor time of an https server, kept alive: Token Binding and BoundSession of a JWT cookie with jose",
    ...([comparison, "lower", 1] as const),
  );
}

async function startServer(kind: "bound" | "plain") {
  const server = start("server.js", kind);
  const [port] = (await once(server, "message")) as [number];
  const client = start("client.js", String(port), String(requests));
  await once(client, "message");
  return {
    /** Microseconds of the server's processor per request. */
    measure: async (): Promise<number> => {
      const before = await ask(server);
      await ask(client);
      return ((await ask(server)) - before) / requests;
    },
    stop: async () => {
      for (const child of [client, server]) {
        child.disconnect();
        await once(child, "exit");
      }
    },
  };
}

function start(script: string, ...args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(`session/${script}`, import.meta.url)), args);
}

async function ask(child: ChildProcess): Promise<number> {
  child.send("?");
  const [answer] = (await once(child, "message")) as [number];
  return answer;
}
