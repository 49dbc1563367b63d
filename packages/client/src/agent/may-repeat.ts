import type { PendingRequest } from "./pending-request.ts";

/** How far a request got before it failed. */
export type Progress = "unsent" | "sent" | "answered";

// enough for a server that loses every third connection; from a hostile one, eleven connections and an error.
const mostLosses = 10;

/** undici's, in milliseconds. */
export const defaultHeadersTimeout = 300_000;

/** RFC 9110 section 9.2.2. */
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** What Node, undici and we say when the connection is gone: by code, or for codes that say other things too, in words. */
const connectionLosses = new Set([
  "connection_lost",
  "ECONNRESET",
  "EPIPE",
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_INVALID_SESSION",
  "ERR_HTTP2_SESSION_ERROR",
  "ERR_HTTP2_STREAM_CANCEL",
  "other side closed",
  "closed",
]);

/** What undici says when the server ends a stream without an answer, which is also how a connection goes. */
const streamLosses = new Set([
  "HTTP/2: stream closed before the response was complete",
  "HTTP/2: stream half-closed (remote)",
]);

/**
 * Whether a request may go over another connection after its own was lost: when the server cannot have acted on it, or
 * when it does not matter that it acts twice (RFC 9110 section 9.2.2, RFC 9113 section 8.7). Counts the loss. All tries
 * together get no more time for the answer than one has.
 *
 * @param isLost - whether nothing more can be sent over the connection
 * @param headersTimeout - that of the agent
 */
export function mayRepeat(
  request: PendingRequest,
  error: Error,
  progress: Progress,
  isLost: boolean,
  headersTimeout = defaultHeadersTimeout,
): boolean {
  const { options } = request;
  if (progress === "answered") return false;
  const isRefused = error.message.includes("NGHTTP2_REFUSED_STREAM");
  if (!isRefused && !isLoss(error, isLost)) return false;
  if (progress === "sent" && !((isRefused || isIdempotent(request)) && isSentWhole(options.body)))
    return false;
  const limit = options.headersTimeout ?? headersTimeout;
  const rest = limit - (Date.now() - request.since);
  if (++request.losses > mostLosses || (limit > 0 && rest <= 0)) return false;
  if (limit > 0) options.headersTimeout = rest;
  return true;
}

function isLoss(error: Error, isLost: boolean): boolean {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return (
    streamLosses.has(message) || (isLost && (connectionLosses.has(code) || connectionLosses.has(message)))
  );
}

function isIdempotent({ options: { idempotent, method } }: PendingRequest): boolean {
  // undici calls only GET and HEAD so, but nobody has to say it of the others.
  return idempotent ?? idempotentMethods.has(method);
}

/** Whether the body is still there after it was sent. */
function isSentWhole(body: unknown): boolean {
  return (
    body === null ||
    body === undefined ||
    typeof body === "string" ||
    ArrayBuffer.isView(body) ||
    body instanceof ArrayBuffer ||
    body instanceof Blob
  );
}
