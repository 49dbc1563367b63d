import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { decodeSecTokenBinding, type KeyParameters } from "@tokbind/codec";
import { MessageVerifier } from "@tokbind/message";
import { TestAuthority } from "@tokbind/testing";
import { negotiatedTokenBinding } from "@tokbind/tls";
import { type Dispatcher, request } from "undici";
import { onTestFinished } from "vitest";
import { TokenBindingAgent, type TokenBindingAgentOptions } from "../../src/index.ts";
import { toLoopback } from "../support/agents.ts";
import { type OriginOptions, serve } from "../support/origin.ts";

/** One request as a server of its own name saw it, with nothing but its own end of the connection. */
export interface Visit {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** What was proven on this very connection. */
  readonly provided: Identity | undefined;
  readonly referred: Identity | undefined;
}

interface Identity {
  readonly tbh: string;
  readonly keyParameters: KeyParameters | number;
}

export interface Party {
  /** Its origin. */
  readonly url: string;
  readonly visits: Visit[];
}

type Answer = (visit: Visit, response: ServerResponse) => unknown;
type PartyOptions = Omit<OriginOptions, "answer">;

const authority = await TestAuthority.create("Authority of tests");
const issued = new Map<string, ReturnType<typeof authority.issue>>();

/** A server with a name and a certificate of its own, for the length of a test. Without an answer of its own it says ok. */
export async function party(name: string, answer: Answer = ok, options: PartyOptions = {}): Promise<Party> {
  if (!issued.has(name))
    issued.set(name, authority.issue({ names: [{ type: "dns", value: name }], purposes: ["serverAuth"] }));
  const visits: Visit[] = [];
  const { port } = await serve({
    ...(await issued.get(name)),
    ...options,
    answer: (request, response) => {
      const chunks: Buffer[] = [];
      request
        .on("data", (chunk: Buffer) => chunks.push(chunk))
        .on("end", () => {
          const visit = look(request, Buffer.concat(chunks).toString());
          visits.push(visit);
          answer(visit, response);
        });
    },
  });
  return { url: `https://${name}:${port}`, visits };
}

/** An answer that leads elsewhere and asks the client to refer, or says something else in that field. */
export function redirect(
  location: () => string,
  fields: Record<string, string | string[]> = asks,
  status = 302,
): Answer {
  return (_visit, response) => {
    response.writeHead(status, { location: location(), ...fields }).end();
  };
}

export const asks = { "Include-Referred-Token-Binding-ID": "true" };

export const ok: Answer = (_visit, response) => response.end("ok");

/** An agent that honours referrals, trusts the parties and finds all of them on loopback. */
export function makeReferringAgent(options: TokenBindingAgentOptions = {}): TokenBindingAgent {
  const connect = { ca: authority.cert, lookup: toLoopback, ...options.connect };
  const agent = new TokenBindingAgent({ refer: true, ...options, connect });
  onTestFinished(() => agent.destroy());
  return agent;
}

/** The text that undici's `request()` gets. */
export async function requested(dispatcher: Dispatcher, url: string): Promise<string> {
  return (await request(url, { dispatcher })).body.text();
}

function look(request: IncomingMessage, body: string): Visit {
  const { method = "", url = "", headers } = request;
  const socket =
    (request as unknown as Partial<Http2ServerRequest>).stream?.session?.socket ?? request.socket;
  const negotiated = negotiatedTokenBinding(socket);
  const field = headers["sec-token-binding"] as string | undefined;
  const visit = { method, path: url, headers, body };
  if (negotiated === undefined || field === undefined) {
    if (field !== undefined) throw new Error("a Sec-Token-Binding without negotiation");
    return { ...visit, provided: undefined, referred: undefined };
  }
  const message = decodeSecTokenBinding([field])!;
  return {
    ...visit,
    provided: undefined,
    referred: undefined,
    ...new MessageVerifier().verify(message, negotiated),
  };
}
