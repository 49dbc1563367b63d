import { expect, test } from "vitest";
import { bindSession, checkSession } from "../../src/index.ts";
import { alice, certificate, failing, mallory } from "../support/proofs.ts";

test("[CNF-02] the binding is kept under cnf, and names one key", () => {
  const session = { user: "alice" };
  bindSession(session, { tbh: alice.provided.tbh, ...certificate });
  expect(session).toEqual({ user: "alice", cnf: { tbh: alice.provided.tbh } });
  checkSession(session, alice);
  const other = {};
  bindSession(other, certificate);
  expect(other).toEqual({ cnf: certificate });
  checkSession(other, certificate);
  expect(() => {
    checkSession(other, alice);
  }).toThrow(failing("token_binding_missing"));
});

test("a session is bound once: what somebody planted is not taken over, nor made anybody's else", () => {
  const session = {};
  bindSession(session, mallory);
  const again = (proof: typeof alice | undefined, options = {}) => {
    bindSession(session, proof, options);
  };
  for (const acceptUnbound of [true, false]) {
    expect(() => {
      again(alice, { acceptUnbound });
    }).toThrow(failing("token_binding_mismatch"));
    expect(() => {
      again(undefined, { acceptUnbound });
    }).toThrow(failing("token_binding_missing"));
    expect(() => {
      again(undefined, { acceptUnbound, rebind: true });
    }).toThrow(failing("token_binding_missing"));
  }
  again(mallory);
  expect(session).toEqual({ cnf: { tbh: mallory.provided.tbh } });
  again(alice, { rebind: true });
  expect(session).toEqual({ cnf: { tbh: alice.provided.tbh } });
});

test("what is no session is the caller's mistake, or that of a store which is away", () => {
  for (const session of [undefined, null, "alice"]) {
    expect(() => {
      bindSession(session as unknown as object, alice);
    }).toThrow(failing("invalid_argument"));
    expect(() => {
      checkSession(session as unknown as object, alice, { acceptUnbound: true });
    }).toThrow(failing("invalid_argument"));
  }
});

test("a cnf that is not ours satisfies nobody", () => {
  for (const cnf of [null, {}, "x", { tbh: 7 }, { jkt: "x" }]) {
    for (const call of [bindSession, checkSession]) {
      expect(() => {
        call({ cnf }, alice, { acceptUnbound: true });
      }).toThrow(failing("token_invalid"));
    }
  }
});

test("what is no proof is the caller's mistake", () => {
  expect(() => {
    bindSession({}, { rawHeaders: [] } as object, { acceptUnbound: true });
  }).toThrow(failing("invalid_argument"));
});
