import { tokenBindingHash } from "@tokbind/crypto";
import { keys } from "@tokbind/testing/messages";
import { expect, test } from "vitest";
import { checkBoundToken, type Confirmation } from "../src/index.ts";

const { id, keyParameters } = keys.ec;
const provided = { id: id.bytes, tbh: tokenBindingHash(id.bytes), keyParameters };
const bound = { tbh: provided.tbh };
const thumbprint = { "x5t#S256": tokenBindingHash(Uint8Array.of(1)) };

function refusal(...input: Parameters<typeof checkBoundToken>): string {
  try {
    checkBoundToken(...input);
  } catch (error) {
    const { code, message, status } = error as { code: string; message: string; status: number };
    expect(status).toBe(401);
    return `${code}: ${message}`;
  }
  return "accepted";
}

test("[TBP-5-03] [TBP-5-04] a bound token is honoured with its own key only", () => {
  expect(refusal(bound, provided)).toBe("accepted");
  const other = { ...provided, tbh: tokenBindingHash(keys.otherEc.id.bytes) };
  expect(refusal(bound, other)).toMatch(/^token_binding_mismatch: .*another Token Binding/);
  expect(refusal(bound, undefined, { acceptUnbound: true })).toMatch(/^token_binding_missing: .*proved none/);
  // Neither a part of the hash nor more than it will do.
  for (const tbh of ["", provided.tbh.slice(0, -1), `${provided.tbh}A`, provided.tbh.toLowerCase()]) {
    expect(refusal({ tbh }, provided)).toMatch(/^token_binding_mismatch/);
  }
});

test("[TBP-5-05] a token that is not bound is refused unless the policy says otherwise", () => {
  expect(refusal(undefined, provided)).toMatch(/^token_unbound: .*without cnf/);
  expect(refusal(undefined, provided, { acceptUnbound: false })).toMatch(/^token_unbound/);
  expect(refusal(undefined, provided, { acceptUnbound: true })).toBe("accepted");
  expect(refusal(undefined, undefined, { acceptUnbound: true })).toBe("accepted");
});

test("[TBP-2-04] a token that is bound by other means is not taken for an unbound one", () => {
  for (const cnf of [
    null,
    {},
    { tbh: undefined },
    { tbh: 7 },
    { jkt: provided.tbh },
    "x",
    7,
    [provided.tbh],
  ]) {
    const refused = refusal(cnf as Confirmation, provided, { acceptUnbound: true });
    expect(refused).toMatch(/^token_invalid: expected the token's cnf to /);
  }
});

test("[CNF-01] every confirmation has to be satisfied, and an unknown one never is", () => {
  const both = { ...bound, ...thumbprint };
  expect(refusal(both, { ...provided, ...thumbprint })).toBe("accepted");
  expect(refusal(thumbprint, thumbprint)).toBe("accepted");
  expect(refusal(both, provided)).toMatch(/^token_binding_missing: .*client certificate/);
  expect(refusal(both, thumbprint)).toMatch(/^token_binding_missing: .*Token Binding/);
  expect(refusal(both, undefined)).toMatch(/^token_binding_missing/);
  expect(refusal(both, { ...provided, "x5t#S256": provided.tbh })).toMatch(
    /^token_binding_mismatch: .*client/,
  );
  expect(refusal(both, { ...thumbprint, tbh: thumbprint["x5t#S256"] })).toMatch(
    /^token_binding_mismatch: .*Token/,
  );
  for (const unknown of [
    { jkt: provided.tbh },
    { jwk: {} },
    { "x5t#s256": provided.tbh },
    { TBH: provided.tbh },
  ]) {
    const proof = { ...provided, ...thumbprint, ...(unknown as object) };
    for (const cnf of [
      { ...both, ...unknown },
      { ...unknown, ...both },
    ]) {
      expect(refusal(cnf as Confirmation, proof, { acceptUnbound: true })).toMatch(/^token_invalid/);
    }
  }
});

test("a name that every object has is no proof", () => {
  for (const name of ["constructor", "__proto__", "toString"]) {
    const cnf = JSON.parse(`{"tbh":"${provided.tbh}","${name}":"x"}`) as Confirmation;
    expect(refusal(cnf, provided)).toMatch(/^token_invalid/);
  }
});
