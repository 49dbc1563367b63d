import type { SentRequest } from "@tokbind/client";
import type { Dispatcher } from "undici";
import { negotiatedJson } from "../negotiated-json.ts";

/** An answer, and the request as it went out. */
export interface Answer extends Pick<Dispatcher.ResponseData, "statusCode" | "headers"> {
  readonly url: string;
  /** Not read yet. */
  readonly content: Dispatcher.ResponseData["body"];
  /** Undefined over http, or where Token Binding was not offered. */
  readonly sent: SentRequest | undefined;
}

/** In JSON, with the redirects that led to it. */
export function describe(answer: Answer, body: Buffer, redirects: readonly Answer[]): object {
  return {
    ...describeHead(answer),
    body: body.toString("utf8"),
    redirects: redirects.map(describeHead),
  };
}

function describeHead({ url, statusCode, headers, sent }: Answer): object {
  return {
    url,
    status: statusCode,
    headers,
    negotiated: sent?.negotiated === undefined ? null : negotiatedJson(sent.negotiated),
    secTokenBinding: sent?.secTokenBinding ?? null,
  };
}

/** In lines as curl has them. */
export function report({ url, statusCode, headers, sent }: Answer, isOffered: boolean): string {
  const lines = [`* ${sent?.method ?? ""} ${url}`.replace("  ", " ")];
  if (sent?.proxy !== undefined) lines.push(`* through ${sent.proxy}`);
  if (sent?.negotiated === undefined) {
    const offered = isOffered && url.startsWith("https:");
    lines.push(`* Token Binding: ${offered ? "offered, the server does not do it" : "not offered"}`);
  } else {
    const { tls, version, keyParameters, ekm } = negotiatedJson(sent.negotiated);
    lines.push(`* ${tls}, Token Binding ${version}, ${keyParameters}`, `* EKM ${ekm}`);
  }
  if (sent?.secTokenBinding !== undefined) lines.push(`> Sec-Token-Binding: ${sent.secTokenBinding}`);
  lines.push(`< ${statusCode}`);
  for (const [name, value] of Object.entries(headers)) {
    for (const each of [value ?? []].flat()) lines.push(`< ${name}: ${each}`);
  }
  return `${lines.join("\n")}\n\n`;
}
