import { readFileSync } from "node:fs";
import {
  MemoryKeyStore,
  refer,
  type Referral,
  referralIn,
  type SentRequest,
  TokenBindingAgent,
  type TokenBindingKeyStore,
} from "@tokbind/client";
import type { KeyParameters } from "@tokbind/codec";
import {
  Agent,
  type buildConnector,
  type Dispatcher,
  EnvHttpProxyAgent,
  ProxyAgent,
  request as send,
} from "undici";
import { CookieJar } from "../cookies/cookie-jar.ts";
import { openKeyStore } from "../key-store.ts";
import { print, warn } from "../output.ts";
import { type Answer, describe, report } from "../request/answer.ts";
import { nextRequest, type PlannedRequest, without } from "../request/next-request.ts";

export interface RequestOptions {
  readonly insecure?: boolean | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly verbose?: boolean | undefined;
  readonly keyStore?: string | undefined;
  readonly passphraseFile?: string | undefined;
  readonly cookieJar?: string | undefined;
  /** Follow redirects, and refer where they ask for it. */
  readonly refer?: boolean | undefined;
  /** Of a forward proxy, or `environment` for HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly proxy?: string | undefined;
  readonly tls?: "1.2" | "1.3" | undefined;
  /** False for `--no-token-binding`. */
  readonly tokenBinding: boolean;
  readonly keyParameters?: readonly KeyParameters[] | undefined;
  readonly request?: string | undefined;
  /** Names and values in turn, as undici takes them when a name may come twice. */
  readonly header: readonly string[];
  readonly data?: string | undefined;
  readonly json?: boolean | undefined;
}

// As many as fetch.
const maxRedirects = 20;

/** `tokbind request`: exit code 1 when there is no answer, or one that is an error (4xx, 5xx). */
export async function request(url: string, options: RequestOptions): Promise<number> {
  const jar = options.cookieJar === undefined ? undefined : new CookieJar(options.cookieJar);
  const redirects: Answer[] = [];
  const client = new Client(options, await keyStoreOf(options), jar);
  try {
    let planned = plan(url, options);
    let referral: Referral | undefined;
    for (;;) {
      const answer = await client.send(planned, referral);
      if (options.verbose && !options.json) warn(report(answer, options.tokenBinding));
      const next = options.refer ? nextRequest(planned, answer) : undefined;
      if (next === undefined) {
        const body = Buffer.from(await answer.content.arrayBuffer());
        await print(options.json ? `${JSON.stringify(describe(answer, body, redirects))}\n` : body);
        return answer.statusCode < 400 ? 0 : 1;
      }
      await answer.content.dump();
      if (redirects.push(answer) > maxRedirects) {
        throw new Error(`${url}: expected at most ${maxRedirects} redirects, got more`);
      }
      referral = answer.sent && referralIn(answer.sent, answer.statusCode, answer.headers);
      planned = next;
    }
  } finally {
    await client.destroy();
  }
}

class Client {
  readonly #jar: CookieJar | undefined;
  readonly #dispatcher: Dispatcher;
  #sent: SentRequest | undefined;

  constructor(options: RequestOptions, keyStore: TokenBindingKeyStore, jar: CookieJar | undefined) {
    this.#jar = jar;
    this.#dispatcher = createDispatcher(options, keyStore, (sent) => (this.#sent = sent));
  }

  async send(
    { url, method, headers, body }: PlannedRequest,
    referral: Referral | undefined,
  ): Promise<Answer> {
    this.#sent = undefined;
    const response = await send(url, {
      dispatcher: referral === undefined ? this.#dispatcher : this.#dispatcher.compose(refer(referral)),
      method,
      headers: withCookies(headers, this.#jar?.cookiesFor(url)),
      ...(body !== undefined && { body }),
    });
    const { statusCode, headers: fields, body: content } = response;
    await this.#jar?.keep(url, [fields["set-cookie"] ?? []].flat());
    return { url, statusCode, headers: fields, content, sent: this.#sent };
  }

  destroy(): Promise<void> {
    return this.#dispatcher.destroy();
  }
}

function plan(url: string, options: RequestOptions): PlannedRequest {
  const { data, header } = options;
  const body = data?.startsWith("@") ? readFileSync(data.slice(1)) : data;
  const isNamed = header.some((name, i) => i % 2 === 0 && name.toLowerCase() === "content-type");
  const type = ["Content-Type", "application/x-www-form-urlencoded"];
  return {
    url,
    method: options.request ?? (body === undefined ? "GET" : "POST"),
    headers: [...header, ...(body !== undefined && !isNamed ? type : [])],
    body,
  };
}

/** One field with the cookies that -H gives and those of the jar. */
function withCookies(headers: readonly string[], cookies = ""): string[] {
  if (cookies === "") return [...headers];
  const own = headers.filter((_value, i) => i % 2 === 1 && headers[i - 1]!.toLowerCase() === "cookie");
  return [...without(headers, ["cookie"]), "Cookie", [...own, cookies].join("; ")];
}

async function keyStoreOf({
  keyStore: place,
  passphraseFile,
}: RequestOptions): Promise<TokenBindingKeyStore> {
  return place === undefined ? new MemoryKeyStore() : openKeyStore(place, passphraseFile);
}

function createDispatcher(
  options: RequestOptions,
  keyStore: TokenBindingKeyStore,
  observe: (sent: SentRequest) => void,
): Dispatcher {
  const version = options.tls === undefined ? undefined : (`TLSv${options.tls}` as const);
  const connect = {
    ...(options.insecure && { rejectUnauthorized: false }),
    ...readFiles(options),
    ...(version && { minVersion: version, maxVersion: version }),
  };
  const { keyParameters, proxy } = options;
  if (!options.tokenBinding) return plainAgent(connect, proxy);
  return new TokenBindingAgent({ keyStore, keyParameters, connect, observe, proxy });
}

function plainAgent(connect: buildConnector.BuildOptions, proxy: string | undefined): Dispatcher {
  if (proxy === undefined) return new Agent({ connect });
  const options = { connect, requestTls: connect };
  return proxy === "environment"
    ? new EnvHttpProxyAgent(options)
    : new ProxyAgent({ ...options, uri: proxy });
}

function readFiles({ ca, cert, key }: RequestOptions): Record<string, Buffer> {
  const files = Object.entries({ ca, cert, key }).filter(([, file]) => file !== undefined);
  return Object.fromEntries(files.map(([name, file]) => [name, readFileSync(file!)]));
}
