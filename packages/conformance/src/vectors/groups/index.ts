import type { Outcome } from "../outcome.ts";
import { runBoundCookie } from "./bound-cookie.ts";
import { runHeader } from "./header.ts";
import { runId } from "./id.ts";
import { runMessage } from "./message.ts";
import { runNegotiationAnswer } from "./negotiation-answer.ts";
import { runNegotiationBody } from "./negotiation-body.ts";
import { runNegotiationOffer } from "./negotiation-offer.ts";
import { runPublishedExample } from "./published-example.ts";
import { runTtrpHeader } from "./ttrp-header.ts";
import { runVerification } from "./verification.ts";

/** What runs a case of each group; the group's schema has checked that it has the fields. */
export const groups: ReadonlyMap<string, (test: never) => Promise<Outcome>> = new Map<
  string,
  (test: never) => Promise<Outcome>
>([
  ["bound-cookie", runBoundCookie],
  ["header", runHeader],
  ["id", runId],
  ["message", runMessage],
  ["negotiation-answer", runNegotiationAnswer],
  ["negotiation-body", runNegotiationBody],
  ["negotiation-offer", runNegotiationOffer],
  ["published-example", runPublishedExample],
  ["ttrp-header", runTtrpHeader],
  ["verification", runVerification],
]);
