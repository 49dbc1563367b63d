import { tokenBindingHash } from "@tokbind/crypto";
import { expect, test } from "vitest";
import { checkBoundToken, type TokenBindingConfirmation } from "../src/bound-token.ts";
import { keys } from "./support/messages.ts";

const { id, keyParameters } = keys.ec;
const provided = { id: id.bytes, tbh: tokenBindingHash(id.bytes), keyParameters };
const bound = { tbh: provided.tbh };

function refusal(...input: Parameters<typeof checkBoundToken>): string {
  try {
    checkBoundToken(...input);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
  return "accepted";
}

test("[TBP-5-03] [TBP-5-04] a bound token is honoured with its own key only", () => {
  expect(refusal(bound, provided)).toBe("accepted");
  const other = { ...provided, tbh: tokenBindingHash(keys.otherEc.id.bytes) };
  expect(refusal(bound, other)).toMatch(/^token_binding_mismatch: .*another key/);
  expect(refusal(bound, undefined, true)).toMatch(/^token_binding_missing: .*proved no Token Binding/);
  // Neither a part of the hash nor more than it will do.
  for (const tbh of ["", provided.tbh.slice(0, -1), `${provided.tbh}A`, provided.tbh.toLowerCase()]) {
    expect(refusal({ tbh }, provided)).toMatch(/^token_binding_mismatch/);
  }
});

test("[TBP-5-05] a token that is not bound is refused unless the policy says otherwise", () => {
  expect(refusal(undefined, provided)).toMatch(/^token_unbound: .*without cnf\.tbh/);
  expect(refusal(undefined, provided, false)).toMatch(/^token_unbound/);
  expect(refusal(undefined, provided, true)).toBe("accepted");
  expect(refusal(undefined, undefined, true)).toBe("accepted");
});

test("[TBP-2-04] a token that is bound by other means is not taken for an unbound one", () => {
  for (const cnf of [null, {}, { tbh: undefined }, { tbh: 7 }, { jkt: provided.tbh }]) {
    expect(refusal(cnf as TokenBindingConfirmation, provided, true)).toMatch(
      /^token_invalid: .*got another member/,
    );
  }
});
