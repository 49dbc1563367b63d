import { createPublicKey, randomBytes, verify as bareVerify } from "node:crypto";
import { once } from "node:events";
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createTokenBindingMessage, TokenBindingAgent } from "@tokbind/client";
import { decodeBase64url, decodeTokenBindingMessage, signedData } from "@tokbind/codec";
import { exportSpki, generateKey } from "@tokbind/crypto";
import { MessageVerifier } from "@tokbind/message";
import { TokenBindingVerifier, verifySecTokenBinding, withTokenBinding } from "@tokbind/server";
import { certificate, listen } from "@tokbind/testing";
import { compare, type Comparison, type Work } from "./compare.ts";
import type { Result } from "./result.ts";

/** What verification costs beside a bare `crypto.verify` of node:crypto with a KeyObject at hand. */
export async function verificationResults(): Promise<Result[]> {
  const ekm = randomBytes(32);
  const key = await generateKey("ecdsap256");
  const header = await createTokenBindingMessage({ ekm, provided: key });
  const bytes = decodeBase64url(header);
  const [binding] = decodeTokenBindingMessage(bytes).tokenBindings;
  const data = signedData(0, 2, ekm);
  const publicKey = createPublicKey({ key: Buffer.from(exportSpki(key.id)), format: "der", type: "spki" });

  const bare = (count: number) => {
    for (let i = 0; i < count; i++) {
      if (!bareVerify("sha256", data, { key: publicKey, dsaEncoding: "ieee-p1363" }, binding!.signature)) {
        throw new Error("the baseline is wrong");
      }
    }
  };
  const messageVerifier = new MessageVerifier();
  const whole = (count: number) => {
    for (let i = 0; i < count; i++) {
      verifySecTokenBinding([header], { ekm, keyParameters: "ecdsap256" }, {}, messageVerifier);
    }
  };
  const decode = (count: number) => {
    for (let i = 0; i < count; i++) decodeTokenBindingMessage(bytes);
  };
  const known = await compare(whole, bare, { ours: 20, baseline: 20 });
  const decoded = await compare(decode, bare, { ours: 2_000, baseline: 20 });
  const again = await sameConnection((work) => compare(work, bare, { ours: 20_000, baseline: 20 }));
  return [
    {
      name: "header to verdict, ecdsap256, known client: speed of bare crypto.verify",
      ...known,
      ratio: 1 / known.ratio,
      target: 0.93,
      better: "higher",
    },
    {
      name: "strict decode of 139 bytes: share of bare crypto.verify",
      ...decoded,
      target: 0.03,
      better: "lower",
    },
    {
      name: "same message, same connection: share of bare crypto.verify",
      ...again,
      target: 0.001,
      better: "lower",
    },
  ];
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
