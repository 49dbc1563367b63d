import type { KeyParameters } from "@tokbind/codec";
import { expect, test } from "vitest";
import { startLiveOrigin } from "../src/vectors/live-origin.ts";
import { type Case, vectorFiles } from "./support/vectors.ts";

/** Sec-Token-Binding values that a server takes by itself: without options and limits of their own. */
const values = vectorFiles
  .filter(({ group }) => ["verification", "header", "message", "published-example"].includes(group))
  .flatMap(({ tests }) => tests as readonly Case[])
  .filter(({ ekm, verifyUnknownTypes, limits }) => ekm !== null && !verifyUnknownTypes && !limits)
  .flatMap((test) => {
    const { message, fields } = test;
    const value = message ?? (fields?.length === 1 ? fields[0] : undefined);
    return value === undefined ? [] : [{ test, value }];
  });

test("[TBH-X-06] [TBP-3.3-06] a live server accepts none of them: its EKM is another", async () => {
  const wrong: unknown[] = [];
  let count = 0;
  for (const negotiated of [
    "ecdsap256",
    "rsa2048_pss",
    "rsa2048_pkcs1.5",
  ] as const satisfies KeyParameters[]) {
    const origin = await startLiveOrigin(negotiated);
    for (const { test, value } of values) {
      // Node takes 16 KiB of header fields.
      if ((test.negotiated ?? "ecdsap256") !== negotiated || value.length > 12_000) continue;
      const answer = await origin.ask([value]);
      // Its signature is wrong here, which a bad key of a referred binding comes after. A message that merely
      // decodes may fail before, at its bindings.
      const fine =
        test.result === "valid" || test.code === "key_invalid"
          ? !["accepted", "unbound"].includes(answer) && (test.ekm === undefined || isLate(answer))
          : answer === test.code;
      if (!fine) wrong.push([test.tcId, test.code, answer]);
      count++;
    }
    origin.close();
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(400);
});

const isLate = (code: string) => code === "signature_invalid" || code === "key_invalid";
