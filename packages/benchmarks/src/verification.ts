import { createPublicKey, verify as bareVerify } from "node:crypto";
import { once } from "node:events";
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { TokenBindingAgent } from "@tokbind/client";
import {
  decodeBase64url,
  decodeTokenBindingMessage,
  signedData,
  type TokenBinding,
  type TokenBindingError,
  type TokenBindingErrorCode,
} from "@tokbind/codec";
import { exportSpki } from "@tokbind/crypto";
import { MessageVerifier, type MessageVerifierOptions } from "@tokbind/message";
import { TokenBindingVerifier, verifySecTokenBinding, withTokenBinding } from "@tokbind/server";
import { verifyP256 } from "@tokbind/tls/p256";
import { certificate, listen } from "@tokbind/testing";
import { keys, makeBinding, message, provided } from "@tokbind/testing/messages";
import { compare, type Comparison, ratioResult, type Work } from "./compare.ts";
import type { Result } from "./result.ts";

export const ekm = new Uint8Array(32).fill(7);
const connection = { ekm, keyParameters: "ecdsap256" } as const;
/** The binding of the client that is known wherever something is measured. */
export const honest = await makeBinding({ type: provided, key: keys.ec, ekm });

/** What verification costs beside a bare `crypto.verify` of node:crypto with a KeyObject at hand. */
export async function verificationResults(): Promise<Result[]> {
  const header = message(honest);
  const bytes = decodeBase64url(header);
  const bare = bareVerification(honest);
  const decode = (count: number) => {
    for (let i = 0; i < count; i++) decodeTokenBindingMessage(bytes);
  };
  const known = await compare(headerVerification([header], "known"), bare, { ours: 20, baseline: 20 });
  const decoded = await compare(decode, bare, { ours: 2_000, baseline: 20 });
  const again = await sameConnection((work) => compare(work, bare, { ours: 20_000, baseline: 20 }));
  return [
    ratioResult(
      "header to verdict, ecdsap256, known client: speed of bare crypto.verify",
      known,
      "higher",
      0.93,
    ),
    ratioResult("strict decode of 139 bytes: share of bare crypto.verify", decoded, "lower", 0.03),
    ratioResult("same message, same connection: share of bare crypto.verify", again, "lower", 0.001),
  ];
}

/** What a header is to come to: accepted, with a key from the cache or with one that has to be imported, or refused. */
export type Verdict = "known" | "new" | TokenBindingErrorCode;

/**
 * From header to verdict, as a server does it for a connection that has seen none of these. Each header is tried once
 * before, and `verdict` has to be what it comes to.
 */
export function headerVerification(
  headers: readonly string[],
  verdict: Verdict,
  options: MessageVerifierOptions = {},
): Work {
  const messageVerifier = new MessageVerifier({ verifyP256, ...options });
  const verify = (header: string) => verifySecTokenBinding([header], connection, {}, messageVerifier)!;
  const { provided: known } = verify(message(honest));
  const verdictOf = (header: string): Verdict => {
    try {
      // Of a key in the cache, all messages share one identity.
      return verify(header).provided === known ? "known" : "new";
    } catch (error) {
      return (error as TokenBindingError).code;
    }
  };
  const wrong = headers.map(verdictOf).find((each) => each !== verdict);
  if (wrong !== undefined) throw new Error(`expected the verdict ${verdict}, got ${wrong}`);
  return (count) => {
    for (let i = 0; i < count; i++) {
      try {
        verify(headers[i % headers.length]!);
      } catch {
        // A refusal: that is what is timed.
      }
    }
  };
}

function bareVerification({ id, signature }: TokenBinding): Work {
  const data = signedData(provided, id.keyParameters, ekm);
  const key = createPublicKey({ key: Buffer.from(exportSpki(id)), format: "der", type: "spki" });
  return (count) => {
    for (let i = 0; i < count; i++) {
      if (!bareVerify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature)) {
        throw new Error("the baseline is wrong");
      }
    }
  };
}

/** Measures `verify` of a request that really came over a connection and was accepted there before. */
async function sameConnection(measure: (work: Work) => Promise<Comparison>): Promise<Comparison> {
  const verifier = new TokenBindingVerifier();
  const server = withTokenBinding(() => https.createServer(certificate));
  const port = await listen(server);
  const agent = new TokenBindingAgent({ connect: { rejectUnauthorized: false } });
  const answered = agent.fetch(`https://localhost:${port}/`);
  const [request, response] = (await once(server, "request")) as [IncomingMessage, ServerResponse];
  if (verifier.verify(request) === undefined) throw new Error("nothing was proven");
  const comparison = await measure((count) => {
    for (let i = 0; i < count; i++) verifier.verify(request);
  });
  response.end();
  await (await answered).text();
  await agent.destroy();
  server.close();
  return comparison;
}
