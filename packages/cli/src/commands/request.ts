import { readFileSync } from "node:fs";
import { FileKeyStore, MemoryKeyStore, type SentRequest, TokenBindingAgent } from "@tokbind/client";
import type { KeyParameters } from "@tokbind/codec";
import { Agent, type Dispatcher, request as send } from "undici";
import { negotiatedJson } from "../negotiated-json.ts";
import { print, warn } from "../output.ts";

export interface RequestOptions {
  readonly insecure?: boolean | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly verbose?: boolean | undefined;
  readonly keyStore?: string | undefined;
  readonly tls?: "1.2" | "1.3" | undefined;
  /** False for `--no-token-binding`. */
  readonly tokenBinding: boolean;
  readonly keyParameters: readonly KeyParameters[];
  readonly request?: string | undefined;
  /** Names and values in turn, as undici takes them when a name may come twice. */
  readonly header: readonly string[];
  readonly data?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `tokbind request`: one request; exit code 1 when there is no answer, or one that is an error (4xx, 5xx). */
export async function request(url: string, options: RequestOptions): Promise<number> {
  let sent: SentRequest | undefined;
  const dispatcher = createDispatcher(options, (seen) => (sent = seen));
  const body = readBody(options.data);
  try {
    const response = await send(url, {
      dispatcher,
      method: options.request ?? (body === undefined ? "GET" : "POST"),
      headers: headerList(options, body !== undefined),
      ...(body !== undefined && { body }),
    });
    const answer = Buffer.from(await response.body.arrayBuffer());
    if (options.json) await print(`${JSON.stringify(describe(response, answer, sent))}\n`);
    else {
      if (options.verbose) warn(report(url, options, response, sent));
      await print(answer);
    }
    return response.statusCode < 400 ? 0 : 1;
  } finally {
    await dispatcher.destroy();
  }
}

function createDispatcher(options: RequestOptions, observe: (sent: SentRequest) => void): Dispatcher {
  const version = options.tls === undefined ? undefined : (`TLSv${options.tls}` as const);
  const connect = {
    ...(options.insecure && { rejectUnauthorized: false }),
    ...readFiles(options),
    ...(version && { minVersion: version, maxVersion: version }),
  };
  if (!options.tokenBinding) return new Agent({ connect });
  const { keyStore: directory, keyParameters } = options;
  const keyStore = directory === undefined ? new MemoryKeyStore() : new FileKeyStore({ directory });
  return new TokenBindingAgent({ keyStore, keyParameters, connect, observe });
}

function readFiles({ ca, cert, key }: RequestOptions): Record<string, Buffer> {
  const files = Object.entries({ ca, cert, key }).filter(([, file]) => file !== undefined);
  return Object.fromEntries(files.map(([name, file]) => [name, readFileSync(file!)]));
}

function readBody(data: string | undefined): string | Buffer | undefined {
  return data?.startsWith("@") ? readFileSync(data.slice(1)) : data;
}

function headerList({ header }: RequestOptions, hasBody: boolean): string[] {
  const isNamed = header.some((name, i) => i % 2 === 0 && name.toLowerCase() === "content-type");
  return [...header, ...(hasBody && !isNamed ? ["Content-Type", "application/x-www-form-urlencoded"] : [])];
}

function describe(response: Dispatcher.ResponseData, body: Buffer, sent: SentRequest | undefined): object {
  return {
    status: response.statusCode,
    headers: response.headers,
    body: body.toString("utf8"),
    negotiated: sent?.negotiated === undefined ? null : negotiatedJson(sent.negotiated),
    secTokenBinding: sent?.secTokenBinding ?? null,
  };
}

function report(
  url: string,
  options: RequestOptions,
  response: Dispatcher.ResponseData,
  sent: SentRequest | undefined,
): string {
  const lines = [`* ${sent?.method ?? ""} ${url}`.replace("  ", " ")];
  if (sent?.negotiated === undefined) {
    const offered = options.tokenBinding && url.startsWith("https:");
    lines.push(`* Token Binding: ${offered ? "offered, the server does not do it" : "not offered"}`);
  } else {
    const { tls, version, keyParameters, ekm } = negotiatedJson(sent.negotiated);
    lines.push(`* ${tls}, Token Binding ${version}, ${keyParameters}`, `* EKM ${ekm}`);
  }
  if (sent?.secTokenBinding !== undefined) lines.push(`> Sec-Token-Binding: ${sent.secTokenBinding}`);
  lines.push(`< ${response.statusCode}`);
  for (const [name, value] of Object.entries(response.headers)) {
    for (const each of [value ?? []].flat()) lines.push(`< ${name}: ${each}`);
  }
  return `${lines.join("\n")}\n\n`;
}
