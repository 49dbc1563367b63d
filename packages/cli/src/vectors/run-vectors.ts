import { isDeepStrictEqual } from "node:util";
import { throwawayCertificate } from "../throwaway-certificate.ts";
import * as decoding from "./decoding.ts";
import { answer, type AnswerCase, offer, type OfferCase } from "./handshake.ts";
import { startLiveOrigin } from "./live-origin.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import type { VectorCase, VectorFile } from "./vector-file.ts";
import * as verification from "./verification.ts";

/** A case and what became of it. */
export interface CaseReport {
  readonly test: VectorCase;
  readonly outcome: Outcome;
  readonly passed: boolean;
}

/** Runs the cases of one group. */
export interface GroupRunner {
  run(test: never): Promise<Outcome>;
  close?(): void;
}

type Case<T> = T & VectorCase;

const runners: Readonly<Record<string, () => GroupRunner | Promise<GroupRunner>>> = {
  message: () => ({
    run: (test: Case<decoding.MessageCase>) => outcomeOf(() => decoding.decodeMessage(test)),
  }),
  "negotiation-body": () => ({
    run: (test: Case<decoding.NegotiationBodyCase>) => outcomeOf(() => decoding.decodeBody(test)),
  }),
  id: () => ({ run: (test: Case<decoding.IdCase>) => outcomeOf(() => decoding.decodeId(test)) }),
  "ttrp-header": () => ({
    run: (test: Case<decoding.TtrpHeaderCase>) => outcomeOf(() => decoding.decodeTtrpHeader(test)),
  }),
  verification: () => ({
    run: (test: Case<verification.VerificationCase>) => outcomeOf(() => verification.verifyMessage(test)),
  }),
  "published-example": () => ({
    run: (test: Case<verification.PublishedExample>) => outcomeOf(() => verification.checkPublished(test)),
  }),
  "bound-cookie": () => ({
    run: (test: Case<verification.BoundCookieCase>) => outcomeOf(() => verification.readBoundCookie(test)),
  }),
  header: headerRunner,
  "negotiation-offer": async () => {
    const certificate = await throwawayCertificate();
    return { run: (test: Case<OfferCase>) => offer(test, certificate) };
  },
  "negotiation-answer": async () => {
    const certificate = await throwawayCertificate();
    return { run: (test: Case<AnswerCase>) => answer(test, certificate) };
  },
};

/**
 * Field values go to the library and to a live server. The live connection has an EKM of its own: what is
 * valid fails there at its signature, and not before.
 */
async function headerRunner(): Promise<GroupRunner> {
  const origin = await startLiveOrigin(await throwawayCertificate(), "ecdsap256");
  async function run(test: Case<verification.VerificationCase> & { fields: string[] }): Promise<Outcome> {
    const live = { result: "invalid", code: await origin.ask(test.fields) } as const;
    const [message = "", ...further] = test.fields;
    // Several lines, or lines joined by a comma, are the HTTP layer's business.
    if (further.length > 0 || message.includes(",")) return live;
    const library = await outcomeOf(() => verification.verifyMessage({ ...test, message }));
    const expected = "code" in library ? library.code : "signature_invalid";
    return live.code === expected ? library : live;
  }
  return {
    run,
    close: () => {
      origin.close();
    },
  };
}

/** Makes ready to run cases of a group. */
export async function groupRunner(group: string): Promise<GroupRunner> {
  const make = runners[group];
  if (make === undefined) throw new Error(`no runner for the group ${group}`);
  return make();
}

/** Whether the outcome is the one that the case asks for. */
export function isAsExpected(test: VectorCase, outcome: Outcome): boolean {
  if ("skipped" in outcome) return false;
  const { result, code, alert, expected } = test;
  const wanted =
    result === "valid" ? { result, expected } : { result, ...(alert === undefined ? { code } : { alert }) };
  return isDeepStrictEqual(JSON.parse(JSON.stringify(outcome)), JSON.parse(JSON.stringify(wanted)));
}

/** Runs every case of a file through the library, one after the other. */
export async function runVectorFile(file: VectorFile): Promise<CaseReport[]> {
  const runner = await groupRunner(file.group);
  const reports: CaseReport[] = [];
  for (const test of file.tests) {
    const outcome = await runner.run(test as never);
    reports.push({ test, outcome, passed: isAsExpected(test, outcome) });
  }
  runner.close?.();
  return reports;
}
