// Every vector with a message through the entry points that others use: tokbind verify, and a live server.

import { expect, test } from "vitest";
import type { KeyParameters } from "@tokbind/codec";
import { throwawayCertificate } from "../src/throwaway-certificate.ts";
import { startLiveOrigin } from "../src/vectors/live-origin.ts";
import { tokbind } from "./support/tokbind.ts";
import { type Case, headerValue, vectorFiles } from "./support/vectors.ts";

const cases = vectorFiles.flatMap(({ group, tests }) =>
  (tests as readonly Case[]).map((test) => ({ group, test, value: headerValue(test) })),
);
/** Cases with a message that a program judges by itself: without options and limits of their own. */
const judged = cases.filter(
  ({ group, test, value }) =>
    ["verification", "header", "message", "published-example"].includes(group) &&
    value !== undefined &&
    test.ekm !== null &&
    test.verifyUnknownTypes === undefined &&
    test.limits === undefined,
);

interface Answer {
  name: number;
  accepted: boolean;
  code?: string;
  provided?: unknown;
  referred?: unknown;
}

test("tokbind verify --jsonl answers every vector with its verdict", async () => {
  const ekm = "00".repeat(32);
  const lines = judged.map(({ test, value }) => {
    const { negotiated = "ecdsap256" } = test;
    return JSON.stringify({ name: test.tcId, ekm: test.ekm ?? ekm, negotiated, message: value });
  });
  const { code, stdout, stderr } = await tokbind(["verify", "--jsonl"], `${lines.join("\n")}\n`);
  expect([code, stderr]).toEqual([0, ""]);
  const answers = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
  expect(answers.map(({ name }) => name)).toEqual(judged.map(({ test }) => test.tcId));
  const wrong = judged.flatMap(({ group, test }, i): unknown[] => {
    const answer = answers[i]!;
    if (group === "message" && test.result === "valid") return answer.accepted ? [test.tcId] : [];
    if (test.result === "invalid") {
      // A comma tells the HTTP layer of two fields; to a decoder of one value it is a wrong character.
      const expected = test.code === "header_repeated" ? "base64url_character" : test.code;
      return !answer.accepted && answer.code === expected ? [] : [[test.tcId, expected, answer]];
    }
    const { provided, referred } = test.expected as Answer;
    const same = JSON.stringify(sorted(answer)) === JSON.stringify(sorted({ provided, referred }));
    return answer.accepted && same ? [] : [[test.tcId, { provided, referred }, answer]];
  });
  expect(wrong).toEqual([]);
  expect(judged.length).toBeGreaterThan(400);
});

function sorted({ provided, referred }: Pick<Answer, "provided" | "referred">): unknown {
  const entries = (value: unknown) => (value === null ? null : Object.entries(value as object).sort());
  return [entries(provided), entries(referred)];
}

test("[TBH-X-06] [TBP-3.3-06] a live server accepts none of them: its EKM is another", async () => {
  const certificate = await throwawayCertificate();
  const wrong: unknown[] = [];
  let count = 0;
  for (const negotiated of [
    "ecdsap256",
    "rsa2048_pss",
    "rsa2048_pkcs1.5",
  ] as const satisfies KeyParameters[]) {
    const origin = await startLiveOrigin(certificate, negotiated);
    for (const { test, value } of judged) {
      // Node takes 16 KiB of header fields.
      if ((test.negotiated ?? "ecdsap256") !== negotiated || value!.length > 12_000) continue;
      const answer = await origin.ask([value!]);
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
