import { randomBytes } from "node:crypto";
import { connectRaw } from "@tokbind/testing/vitest";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { BoundSession, type BoundSessionOptions, MemoryStore } from "../../src/index.ts";
import { alice, mallory, refusal, sent } from "../support/proofs.ts";
import { startServer } from "../support/start-server.ts";

const secrets = [randomBytes(32)];
const cookie = { maxAge: 100 };

function startClock() {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  return (seconds: number) => {
    vi.setSystemTime(Date.now() + seconds * 1000);
  };
}

type Options = Partial<BoundSessionOptions>;

describe.each<[kind: string, options: () => Options]>([
  ["in a cookie", () => ({})],
  ["in a store", () => ({ store: new MemoryStore() })],
])("a session %s", (_kind, options) => {
  async function login(further: Options = {}) {
    const session = new BoundSession({ secrets, cookie, ...options(), ...further });
    let header = sent(await session.issue({ sub: "alice", roles: [1] }, alice));
    const cookies: string[] = [];
    const read = async () => {
      const claims = await session.read(header, alice, (value) => {
        cookies.push(value);
        header = sent(value);
      });
      return claims!;
    };
    return { session, read, cookies, header: () => header };
  }

  test("is renewed in its second half, and lasts as long as it is used", async () => {
    const pass = startClock();
    const { session, read, cookies, header } = await login();
    const first = await read();
    pass(30);
    expect((await read()).exp).toBe(first.exp);
    expect(cookies).toEqual([]);
    for (let i = 1; i <= 10; i++) {
      pass(60);
      const claims = await read();
      expect(claims).toEqual({ ...first, exp: Math.floor(Date.now() / 1000) + 100 });
      expect(cookies).toHaveLength(i);
      expect(cookies.at(-1)).toMatch(/; Max-Age=100; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    }
    expect(await refusal(session.read(header(), mallory))).toBe("token_binding_mismatch");
    pass(100);
    expect(await refusal(session.read(header(), alice))).toBe("token_expired");
  });

  test("is not renewed where nobody asks for it", async () => {
    const pass = startClock();
    const { session, header } = await login();
    pass(60);
    await session.read(header(), alice);
    pass(40);
    expect(await refusal(session.read(header(), alice))).toBe("token_expired");
  });

  test("is not renewed by a request that may not have it", async () => {
    const pass = startClock();
    const { session, header } = await login();
    pass(60);
    const renew = vi.fn();
    expect(await refusal(session.read(header(), mallory, renew))).toBe("token_binding_mismatch");
    expect(await refusal(session.read(header(), undefined, renew))).toBe("token_binding_missing");
    expect(renew).not.toHaveBeenCalled();
  });

  test("ends at maxLifetime however often it is renewed", async () => {
    const pass = startClock();
    const { session, read, cookies, header } = await login({ maxLifetime: 250 });
    const { iat } = await read();
    for (const [seconds, exp] of [
      [60, 160],
      [60, 220],
      [60, 250],
      [60, 250],
    ] as const) {
      pass(seconds);
      expect((await read()).exp - iat).toBe(exp);
    }
    expect(cookies.map((value) => /Max-Age=(\d+)/.exec(value)![1])).toEqual(["100", "100", "70"]);
    pass(10);
    expect(await refusal(session.read(header(), alice))).toBe("token_expired");
  });

  test("is signed with the first secret when it is renewed", async () => {
    const pass = startClock();
    const shared = options();
    const { header } = await login(shared);
    const fresh = randomBytes(32);
    const rotating = new BoundSession({ secrets: [fresh, ...secrets], cookie, ...shared });
    pass(60);
    let renewed = "";
    await rotating.read(header(), alice, (value) => (renewed = sent(value)));
    const rotated = new BoundSession({ secrets: [fresh], cookie, ...shared });
    expect(await rotated.read(renewed, alice)).toMatchObject({ sub: "alice" });
  });
});

test("within clockTolerance a session that has just expired is renewed, but not past its lifetime", async () => {
  const pass = startClock();
  const session = new BoundSession({ secrets, cookie, clockTolerance: 10, maxLifetime: 105 });
  const header = sent(await session.issue({}, alice));
  const renew = vi.fn();
  pass(102);
  await session.read(header, alice, renew);
  expect(renew).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("; Max-Age=3;"));
  pass(4);
  await session.read(header, alice, renew);
  expect(renew).toHaveBeenCalledTimes(1);
});

test("a session that is revoked while it is renewed stays revoked", async () => {
  const pass = startClock();
  const store = new MemoryStore();
  const session = new BoundSession({ secrets, cookie, store });
  const header = sent(await session.issue({ sub: "alice" }, alice));
  const claims = await session.read(header, alice);
  pass(60);
  const renew = vi.fn();
  const reading = session.read(header, alice, renew);
  await session.revoke(claims!);
  expect(await refusal(reading)).toBe("token_expired");
  expect(renew).not.toHaveBeenCalled();
  expect(await refusal(session.read(header, alice))).toBe("token_expired");
});

test("one line renews the cookie over HTTPS", async () => {
  const pass = startClock();
  const session = new BoundSession({ secrets, cookie, acceptUnbound: true });
  const header = sent(await session.issue({ sub: "alice" }, undefined));
  const port = await startServer((request, response) => {
    void session
      .read(request.headers.cookie, undefined, (value) => response.appendHeader("Set-Cookie", value))
      .then(() => response.setHeader("Content-Length", 2).end("{}"));
  });
  const client = await connectRaw(port);
  expect((await client.get(`Cookie: ${header}`)).head).not.toContain("Set-Cookie");
  pass(60);
  expect((await client.get(`Cookie: ${header}`)).head).toMatch(
    /\r\nSet-Cookie: __Host-session=ey[^\r]*Max-Age=100/,
  );
});

test("what can't be renewed for want of an answer is refused, not served", async () => {
  const pass = startClock();
  const store = new MemoryStore();
  const session = new BoundSession({ secrets, cookie, store });
  const header = sent(await session.issue({ sub: "alice" }, alice));
  pass(60);
  store.extend = () => Promise.reject(new Error("away"));
  await expect(session.read(header, alice, vi.fn())).rejects.toThrow("away");
});
