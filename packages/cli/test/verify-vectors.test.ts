// Every vector with a message through tokbind verify.

import { readVectorFiles, type VectorCase } from "@tokbind/conformance";
import { expect, test } from "vitest";
import { tokbind } from "./support/tokbind.ts";

/** The members of a case that are looked at here. */
type Case = VectorCase & {
  readonly ekm?: string | null;
  readonly negotiated?: string;
  readonly verifyUnknownTypes?: true;
  readonly limits?: object;
  readonly message?: string;
  readonly fields?: readonly string[];
};

const cases = readVectorFiles().flatMap(({ group, tests }) =>
  (tests as readonly Case[]).map((test) => {
    const { message, fields } = test;
    return { group, test, value: message ?? (fields?.length === 1 ? fields[0] : undefined) };
  }),
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
      return !answer.accepted && answer.code === test.code ? [] : [[test.tcId, test.code, answer]];
    }
    const { provided, referred } = test.expected as Answer;
    const same = JSON.stringify(sorted(answer)) === JSON.stringify(sorted({ provided, referred }));
    return answer.accepted && same ? [] : [[test.tcId, { provided, referred }, answer]];
  });
  expect(wrong).toEqual([]);
  expect(judged.length).toBeGreaterThan(400);
});

/** Members in any order. */
function sorted({ provided, referred }: Pick<Answer, "provided" | "referred">): unknown {
  const entries = (value: unknown) => (value === null ? null : Object.entries(value as object).sort());
  return [entries(provided), entries(referred)];
}
