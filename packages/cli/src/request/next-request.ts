import type { Dispatcher } from "undici";

/** A request as it is to be sent. */
export interface PlannedRequest {
  readonly url: string;
  readonly method: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string | Buffer | undefined;
}

const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
const bodyFields = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type",
];
const fieldsOfOrigin = ["authorization", "cookie", "host", "proxy-authorization"];

/**
 * The request that a redirect asks for, by the rules of fetch (Fetch Standard, HTTP-redirect fetch): when the method
 * becomes GET, the body and its fields go, and what is for one origin is not sent to another. Undefined when the answer
 * is no redirect.
 *
 * @throws Error for a Location that no request can be sent to
 */
export function nextRequest(
  request: PlannedRequest,
  { statusCode, headers: { location } }: Pick<Dispatcher.ResponseData, "statusCode" | "headers">,
): PlannedRequest | undefined {
  if (!redirectStatuses.includes(statusCode) || location === undefined) return undefined;
  const target = urlOf(location, request.url);
  const becomesGet =
    ([301, 302].includes(statusCode) && request.method === "POST") ||
    (statusCode === 303 && !["GET", "HEAD"].includes(request.method));
  const dropped = [
    ...(becomesGet ? bodyFields : []),
    ...(target.origin === new URL(request.url).origin ? [] : fieldsOfOrigin),
  ];
  return {
    url: target.href,
    method: becomesGet ? "GET" : request.method,
    headers: without(request.headers, dropped),
    body: becomesGet ? undefined : request.body,
  };
}

function urlOf(location: string | string[], base: string): URL {
  const target =
    typeof location === "string" && URL.canParse(location, base) ? new URL(location, base) : undefined;
  if (target !== undefined && ["http:", "https:"].includes(target.protocol)) return target;
  throw new Error(
    `redirect of ${base}: expected one Location with a URL of https or http, got something else`,
  );
}

/** Header fields but for some, by their names in lower case. */
export function without(headers: readonly string[], names: readonly string[]): readonly string[] {
  return headers.filter((_each, i) => !names.includes(headers[i - (i % 2)]!.toLowerCase()));
}
