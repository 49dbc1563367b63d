// Tries TokenBindingAgent as the dispatcher of the fetch that is built into this Node, of undici 7, and of undici 8 where
// it runs: `node compatibility.js`, on the built packages. Every way has to arrive with a proof that verifies.

import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { decodeBase64url, decodeTokenBindingMessage } from "@tokbind/codec";
import { TokenBindingAgent } from "@tokbind/client";
import { MessageVerifier } from "@tokbind/message";
import { certificate } from "@tokbind/testing";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import * as undici7 from "undici";

/** @type {boolean[]} */
const proven = [];
const server = withTokenBinding(() =>
  http2.createSecureServer({ ...certificate, allowHTTP1: true }, (request, response) => {
    const negotiated = negotiatedTokenBinding(request.stream?.session?.socket ?? request.socket);
    const field = request.headers["sec-token-binding"];
    if (negotiated === undefined || typeof field !== "string") proven.push(false);
    else {
      const message = decodeTokenBindingMessage(decodeBase64url(field));
      proven.push(new MessageVerifier().verify(message, negotiated).provided !== undefined);
    }
    request.pipe(response);
  }),
);
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const url = `https://localhost:${port}/`;

const [major, minor] = process.versions.node.split(".").map(Number);
const hasUndici8 = Number(major) > 22 || (major === 22 && Number(minor) >= 19);
const undicis = [undici7, ...(hasUndici8 ? [await import("undici8")] : [])];

/** @type {Record<string, (agent: any) => Promise<string>>} */
const ways = {
  "agent.fetch": async (agent) => (await agent.fetch(url, { method: "POST", body: "text" })).text(),
  "agent.fetch of a Request": async (agent) =>
    (await agent.fetch(new Request(url, { method: "POST", body: "text" }))).text(),
  "built-in fetch": async (dispatcher) =>
    (await fetch(url, /** @type {object} */ ({ method: "POST", body: "text", dispatcher }))).text(),
  "built-in fetch, global dispatcher": async (agent) => {
    const before = undici7.getGlobalDispatcher();
    undici7.setGlobalDispatcher(agent);
    try {
      return await (await fetch(url, { method: "POST", body: "text" })).text();
    } finally {
      undici7.setGlobalDispatcher(before);
    }
  },
};
undicis.forEach((undici, i) => {
  const name = `undici ${7 + i}`;
  ways[`${name}: request`] = async (dispatcher) => {
    const { body } = await undici.request(url, { method: "POST", body: "text", dispatcher });
    return body.text();
  };
  ways[`${name}: fetch`] = async (dispatcher) =>
    (await undici.fetch(url, { method: "POST", body: "text", dispatcher })).text();
  ways[`${name}: fetch of a FormData`] = async (dispatcher) => {
    const body = new undici.FormData();
    body.append("name", "text");
    const sent = await (await undici.fetch(url, { method: "POST", body, dispatcher })).text();
    return /\r\n\r\n(\w+)\r\n/.exec(sent)?.[1] ?? sent;
  };
  ways[`${name}: stream`] = async (dispatcher) => {
    /** @type {Buffer[]} */
    const chunks = [];
    const { Writable } = await import("node:stream");
    const sink = new Writable({ write: (chunk, _encoding, done) => (chunks.push(chunk), done()) });
    await undici.stream(url, { method: "POST", body: "text", dispatcher }, () => sink);
    return Buffer.concat(chunks).toString();
  };
  ways[`${name}: interceptors`] = async (agent) => {
    const { dns, retry, redirect, decompress, dump } = undici.interceptors;
    for (const interceptor of [dns(), retry(), redirect(), decompress(), dump()]) {
      const composed = agent.compose(/** @type {any} */ (interceptor));
      const { body } = await undici.request(url, { method: "POST", body: "text", dispatcher: composed });
      await body.text();
    }
    return "text";
  };
  ways[`${name}: RetryAgent`] = async (agent) => {
    const dispatcher = /** @type {any} */ (new undici.RetryAgent(agent));
    const { body } = await undici.request(url, { method: "POST", body: "text", dispatcher });
    return body.text();
  };
});

let failures = 0;
for (const allowH2 of [false, true]) {
  for (const [name, way] of Object.entries(ways)) {
    const agent = new TokenBindingAgent({ allowH2, connect: { ca: certificate.cert } });
    proven.length = 0;
    try {
      assert.equal(await way(agent), "text");
      assert.ok(proven.length > 0 && proven.every(Boolean), `proofs: ${proven.join()}`);
    } catch (error) {
      failures++;
      process.stdout.write(
        `failed: ${name}, allowH2: ${allowH2}: ${String(/** @type {Error} */ (error).stack)}\n`,
      );
    }
    await agent.destroy();
  }
}
server.close();
process.stdout.write(`${Object.keys(ways).length * 2} ways, ${failures} failed\n`);
process.exitCode = failures > 0 ? 1 : 0;
