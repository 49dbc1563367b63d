/** Bytes of all header sections together, those of interim answers too. */
const maxBytes = 16_384;
const end = "\r\n\r\n";

/** `open`: the tunnel is there, and nothing came after the header section. */
export type ConnectAnswer = "unfinished" | "open" | { readonly refused: string };

/**
 * Reads the answer to CONNECT, chunk by chunk. A success has no body, whatever its fields say (RFC 9110 section 9.3.6), and
 * TLS begins with the client: any byte after the header section is none of the origin's.
 *
 * @param isAuthorized - whether credentials were sent
 */
export function readConnectAnswer(isAuthorized: boolean): (chunk: Buffer) => ConnectAnswer {
  let received = "";
  let skipped = 0;
  return (chunk) => {
    received += chunk.toString("latin1", 0, maxBytes + 1);
    for (;;) {
      const length = received.indexOf(end) + end.length;
      const isWhole = length >= end.length;
      const status = statusOf(received, isWhole);
      if (status === undefined) return { refused: "something else than HTTP/1.1" };
      if (skipped + (isWhole ? length : received.length) > maxBytes) {
        return { refused: `more than ${maxBytes} bytes of header fields` };
      }
      if (!isWhole) return "unfinished";
      if (status >= 200 || status === 101) return verdict(status, received.length > length, isAuthorized);
      skipped += length;
      received = received.slice(length);
    }
  };
}

/** NaN while the status line is not there; undefined when it never will be. */
function statusOf(received: string, isWhole: boolean): number | undefined {
  const match = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r\n/.exec(received);
  if (match !== null) return Number(match[1]);
  return isWhole || !/^(?:H|HT|HTT|HTTP|HTTP\/.*)?\r?$/.test(received) ? undefined : NaN;
}

function verdict(status: number, hasMore: boolean, isAuthorized: boolean): ConnectAnswer {
  if (status === 407) {
    return {
      refused: isAuthorized
        ? "status 407: other credentials are needed in its URL"
        : "status 407: credentials are needed in its URL",
    };
  }
  if (status < 200 || status >= 300) return { refused: `status ${status}` };
  return hasMore ? { refused: "bytes of its own before TLS began" } : "open";
}
