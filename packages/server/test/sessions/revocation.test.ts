import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { BoundSession, MemoryStore } from "../../src/index.ts";
import { alice, failing, mallory, refusal, sent } from "../support/proofs.ts";

const secrets = [randomBytes(32)];
const hash = (text: string) => createHash("sha256").update(text).digest("base64url");

async function logins(...subjects: string[]) {
  const store = new MemoryStore();
  const session = new BoundSession({ secrets, store });
  const headers: string[] = [];
  for (const sub of subjects) headers.push(sent(await session.issue({ sub }, alice)));
  const states = () => Promise.all(headers.map((header) => refusal(session.read(header, alice))));
  return { store, session, headers, states };
}

describe("sessions in a store", () => {
  test("end one by one", async () => {
    const { session, headers, states } = await logins("alice", "alice");
    await session.revoke((await session.read(headers[0], alice))!);
    expect(await states()).toEqual(["token_expired", "accepted"]);
    // Again, or what never was: nothing happens.
    await session.revoke({ jti: hash("x") });
    expect(await states()).toEqual(["token_expired", "accepted"]);
  });

  test("end by subject", async () => {
    const { session, headers, states } = await logins("alice", "bob", "alice");
    await session.revokeAll("alice");
    expect(await states()).toEqual(["token_expired", "accepted", "token_expired"]);
    const again = sent(await session.issue({ sub: "alice" }, alice));
    expect(await session.read(again, alice)).toMatchObject({ sub: "alice" });
    await session.revokeAll("carol");
    await session.revoke((await session.read(headers[1], alice))!);
    await session.revokeAll("bob");
  });

  test("are kept under a hash of what the cookie holds, which is random", async () => {
    const { store, session } = await logins();
    const create = vi.spyOn(store, "create");
    const [a, b] = [sent(await session.issue({ sub: "alice" }, alice)), sent(await session.issue({}, alice))];
    expect(a).toMatch(/^__Host-session=[\w-]{43}\.[\w-]{43}$/);
    const id = a.slice(15, 58);
    expect(b.slice(15, 58)).not.toBe(id);
    const [key, kept] = create.mock.calls[0]!;
    expect(key).toBe(hash(id));
    expect(kept.subject).toBe(hash("alice"));
    expect(kept.data).not.toContain(id);
    const claims = await session.read(a, alice);
    expect(claims?.jti).toBe(key);
    // Whoever reads the store has nothing to send.
    expect(await refusal(session.read(`__Host-session=${key}.${a.slice(59)}`, alice))).toBe("token_invalid");
  });

  test("cookies that we did not make do not reach the store", async () => {
    const { store, session, headers } = await logins("alice");
    const read = vi.spyOn(store, "read");
    const [name, value] = headers[0]!.split("=") as [string, string];
    const id = randomBytes(32).toString("base64url");
    for (const text of [
      id,
      `${id}.`,
      `${id}.${value.slice(44)}`,
      `${value.slice(0, 43)}-${value.slice(44)}`,
      value.slice(0, -1),
      `${value}=`,
      `${value}A`,
      ` .${value}`,
    ]) {
      expect(await refusal(session.read(`${name}=${text}`, alice))).toBe("token_invalid");
    }
    expect(read).not.toHaveBeenCalled();
    await session.read(headers[0], alice);
    expect(read).toHaveBeenCalledTimes(1);
  });

  test("what the store has instead of a session is not honoured", async () => {
    const { store, session, headers } = await logins("alice");
    const good = JSON.stringify({
      aud: "__Host-session",
      iat: 1,
      sub: "alice",
      cnf: { tbh: alice.provided.tbh },
    });
    const expires = Math.floor(Date.now() / 1000) + 60;
    const put = (data: string, end: number = expires) => {
      store.read = () => Promise.resolve({ data, expires: end });
    };
    put(good);
    expect(await session.read(headers[0], alice)).toMatchObject({ sub: "alice", exp: expires });
    put(good, 1);
    expect(await refusal(session.read(headers[0], alice))).toBe("token_expired");
    for (const data of [
      '{"sub":"alice"}',
      good.replace("__Host-session", "__Host-admin"),
      "null",
      "[]",
      '"x"',
    ]) {
      put(data);
      expect(await refusal(session.read(headers[0], alice))).toBe("token_invalid");
    }
    put(good.replace(alice.provided.tbh, mallory.provided.tbh));
    expect(await refusal(session.read(headers[0], alice))).toBe("token_binding_mismatch");
    put("{");
    await expect(session.read(headers[0], alice)).rejects.toThrow(failing("session_store"));
  });
});

test("sessions in a cookie can't be revoked, and say so", async () => {
  const session = new BoundSession({ secrets });
  const claims = (await session.read(sent(await session.issue({ sub: "alice" }, alice)), alice))!;
  const refused = expect.objectContaining({
    code: "invalid_argument",
    message: expect.stringContaining("expected the option store") as string,
  }) as Error;
  await expect(session.revoke(claims)).rejects.toThrow(refused);
  await expect(session.revokeAll("alice")).rejects.toThrow(refused);
});

test("claims without jti name no session to revoke", async () => {
  const { session } = await logins();
  await expect(session.revoke({})).rejects.toThrow(failing("invalid_argument"));
});
