import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { keys, makeBinding, message, provided } from "@tokbind/testing/messages";
import { connectRaw, type RawAnswer } from "@tokbind/testing/vitest";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasRedis, TestRedis } from "../support/redis.ts";
import { sent } from "../support/proofs.ts";

const script = fileURLToPath(new URL("../support/session-server.js", import.meta.url));
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Starts a server in a process of its own and returns its port. */
async function startServer(redis: TestRedis, secret: string, timeout: number): Promise<number> {
  const child = fork(script, [redis.path, secret, String(timeout)], { execArgv: [] });
  onTestFinished(async () => {
    child.disconnect();
    await once(child, "exit");
  });
  const [port] = (await once(child, "message")) as [number];
  return port;
}

async function connect(port: number, key = keys.ec) {
  const client = await connectRaw(port);
  const value = message(await makeBinding({ type: provided, key, ekm: client.ekm }));
  const get = (path: string, cookie = ""): Promise<RawAnswer> =>
    client.send(
      `GET ${path} HTTP/1.1`,
      ...["Host: localhost", `Sec-Token-Binding: ${value}`, `Cookie: ${cookie}`],
    );
  const login = async (user: string) => {
    const answer = await get(`/login/${user}`);
    const setCookie = /\r\nSet-Cookie: ([^\r]*)/.exec(answer.head)?.[1];
    return { status: answer.status, cookie: setCookie === undefined ? "" : sent(setCookie) };
  };
  return { get, login };
}

describe.skipIf(!hasRedis)("two servers with one Redis", () => {
  async function start(timeout = 10_000) {
    const redis = await TestRedis.start();
    const secret = randomBytes(32).toString("hex");
    const ports = await Promise.all([
      startServer(redis, secret, timeout),
      startServer(redis, secret, timeout),
    ]);
    return { redis, ports };
  }

  test("[TBP-5-04] log in at one, be known at the other, log out there, be refused at the first at once", async () => {
    const { ports } = await start();
    const [here, there, thief] = await Promise.all([
      connect(ports[0]),
      connect(ports[1]),
      connect(ports[1], keys.otherEc),
    ]);
    const { cookie } = await here.login("alice");
    const { cookie: second } = await there.login("alice");
    expect(await there.get("/me", cookie)).toMatchObject({ status: 200, body: "alice" });
    expect(await thief.get("/me", cookie)).toMatchObject({ status: 401, body: "token_binding_mismatch" });
    expect(await thief.get("/logout", cookie)).toMatchObject({ status: 401, body: "token_binding_mismatch" });
    expect(await there.get("/logout", cookie)).toMatchObject({ status: 200 });
    expect(await here.get("/me", cookie)).toMatchObject({ status: 401, body: "token_expired" });
    expect(await here.get("/logout-everywhere", second)).toMatchObject({ status: 200 });
    expect(await there.get("/me", second)).toMatchObject({ status: 401, body: "token_expired" });
  });

  test("kill -9 of Redis under load: nobody revoked gets in, nobody acknowledged is lost, 503 in between", async () => {
    const { redis, ports } = await start(500);
    const alive = new Map<string, string>();
    const revoked = new Set<string>();
    const seen = { logins: 0, away: 0, afterwards: 0 };
    let isRunning = true;
    let isBack = false;

    async function work(number: number): Promise<void> {
      const nodes = await Promise.all([connect(ports[0]), connect(ports[1])]);
      for (let round = 0; isRunning; round++) {
        // As many sessions as the end of the test can look at again on a busy machine.
        await pause(20);
        const [here, there] = round % 2 === 0 ? nodes : [nodes[1], nodes[0]];
        const user = `u${number}-${round}`;
        const { status, cookie } = await here.login(user);
        if (status !== 200) {
          expect(status).toBe(503);
          seen.away++;
          continue;
        }
        seen.logins++;
        if (isBack) seen.afterwards++;
        const read = await there.get("/me", cookie);
        if (read.status === 200) expect(read.body).toBe(user);
        else expect(read).toMatchObject({ status: 503, body: "session_store" });
        if (round % 3 !== 0) {
          alive.set(cookie, user);
          continue;
        }
        const logout = await there.get("/logout", cookie);
        // What was not acknowledged may have happened or not.
        if (logout.status !== 200) {
          expect(logout).toMatchObject({ status: 503, body: "session_store" });
          continue;
        }
        revoked.add(cookie);
        const again = await here.get("/me", cookie);
        expect(["token_expired", "session_store"]).toContain(again.body);
      }
    }

    const workers = Array.from({ length: 8 }, (_, number) => work(number));
    const all = Promise.all(workers);
    for (let kill = 0; kill < 2; kill++) {
      await pause(700);
      isBack = false;
      await redis.kill();
      await pause(1000);
      await redis.restart();
      const deadline = Date.now() + 30_000;
      const enough = seen.afterwards + 50;
      isBack = true;
      while (seen.afterwards < enough && Date.now() < deadline) await pause(50);
    }
    isRunning = false;
    await all;

    expect(seen.away).toBeGreaterThan(0);
    expect(seen.afterwards).toBeGreaterThanOrEqual(100);
    expect(revoked.size).toBeGreaterThan(20);
    const node = await connect(ports[0]);
    const me = async (cookie: string) => {
      let answer = await node.get("/me", cookie);
      while (answer.status === 503) answer = await node.get("/me", cookie);
      return answer;
    };
    for (const [cookie, user] of alive) {
      expect(await me(cookie)).toMatchObject({ status: 200, body: user });
    }
    for (const cookie of revoked) {
      expect(await me(cookie)).toMatchObject({ status: 401, body: "token_expired" });
    }
  }, 120_000);
});
