import { includeReferredTokenBindingId } from "@tokbind/codec";
import type { SentRequest } from "../agent/sent-request.ts";
import { fieldValues, type ResponseHeaders } from "./field-values.ts";
import { isHttps, type Referral } from "./referral.ts";

// What clients follow by themselves: A-22.
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

/**
 * What a redirect asks the client to refer: the key that was proven on the very request it answers, to the server that
 * its Location names (RFC 8473 section 5.3). For applications that follow redirects themselves; {@link
 * TokenBindingAgent} does this with its option `refer`.
 *
 * @param sent - the request, as the agent's `observe` was told of it
 * @param status - of the response
 * @param headers - of the response: those of fetch, of undici's `request()` or of node:http
 * @returns undefined unless the status is 301, 302, 303, 307 or 308, there is exactly one
 *   Include-Referred-Token-Binding-ID with the value `true`, the request carried a Token Binding, and the one Location is
 *   an https URL
 * @example
 * const referral = referralIn(sent, response.statusCode, response.headers);
 * const next = referral === undefined ? agent : agent.compose(refer(referral));
 */
export function referralIn(
  sent: Pick<SentRequest, "url" | "provided">,
  status: number,
  headers: ResponseHeaders,
): Referral | undefined {
  if (sent.provided === undefined || !redirectStatuses.includes(status)) return undefined;
  const [asked, ...more] = fieldValues(headers, includeReferredTokenBindingId);
  // Exactly one field, equal to "true" but for case and outer white space: A-23.
  if (more.length > 0 || asked === undefined || !/^[\t ]*true[\t ]*$/i.test(asked)) return undefined;
  const [location, ...others] = fieldValues(headers, "location");
  if (others.length > 0 || location === undefined || !URL.canParse(location, sent.url)) return undefined;
  const target = new URL(location, sent.url);
  return isHttps(target) ? { key: sent.provided, to: target.origin } : undefined;
}
