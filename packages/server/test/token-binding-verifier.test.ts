import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tokenBindingHash, type TokenBindingKey } from "@tokbind/crypto";
import { expect, test } from "vitest";
import { keys, makeBinding, message, provided, referred, spoil } from "@tokbind/testing/messages";
import { connectHttp2, connectRaw as connect } from "@tokbind/testing/vitest";
import { TokenBindingVerifier, type TokenBindingVerifierOptions } from "../src/index.ts";
import { startServer } from "./support/start-server.ts";

/** Answers with what the verifier established, or with the error. */
function show(verifier: TokenBindingVerifier) {
  return (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): void => {
    let body: object;
    try {
      const verified = verifier.verify(request);
      body = {
        tbh: verified?.provided.tbh ?? null,
        keyParameters: verified?.provided.keyParameters,
        referred: verified?.referred?.tbh ?? null,
      };
    } catch (error) {
      const { code, status } = error as { code: string; status: number };
      response.statusCode = status;
      body = { code };
    }
    const text = JSON.stringify(body);
    response.setHeader("Content-Length", text.length);
    response.end(text);
  };
}

function startVerifying(options: TokenBindingVerifierOptions = {}): Promise<number> {
  return startServer(show(new TokenBindingVerifier(options)));
}

async function field(key: TokenBindingKey, ekm: Uint8Array): Promise<string> {
  return `Sec-Token-Binding: ${message(await makeBinding({ type: provided, key, ekm }))}`;
}

const none = { tbh: null };

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "[TBP-4.2-09] [TBH-2-03] [TBH-2-13] [TBH-2-18] over %s a request proves its key, and the next one with the same value as well",
  async (version) => {
    const client = await connect(await startVerifying(), { version });
    const good = await field(keys.ec, client.ekm);
    const first = await client.get(good);
    expect(first).toMatchObject({ status: 200, body: { keyParameters: "ecdsap256" } });
    expect(first.head).not.toMatch(/token-binding/i);
    expect((await client.get(good)).body).toEqual(first.body);
  },
);

test("[TBH-2-18] a message accepted on one connection is refused on another", async () => {
  const port = await startVerifying();
  const alice = await connect(port);
  const mallory = await connect(port);
  const good = await field(keys.ec, alice.ekm);
  expect((await alice.get(good)).status).toBe(200);
  expect(await mallory.get(good)).toMatchObject({ status: 400, body: { code: "signature_invalid" } });
  expect((await alice.get(good)).status).toBe(200);
});

test("[TBH-2-20] [A-05] a request without the field has no Token Binding, whatever came before", async () => {
  const client = await connect(await startVerifying());
  expect((await client.get(await field(keys.ec, client.ekm))).status).toBe(200);
  expect(await client.get()).toMatchObject({ status: 200, body: none });
});

test("[TBP-3-04] a later request may prove a further key", async () => {
  const client = await connect(await startVerifying());
  const own = await makeBinding({ type: provided, key: keys.ec, ekm: client.ekm });
  const further = await makeBinding({ type: referred, key: keys.otherEc, ekm: client.ekm });
  const first = await client.get(`Sec-Token-Binding: ${message(own)}`);
  const second = await client.get(`Sec-Token-Binding: ${message(own, further)}`);
  expect(first.body).toMatchObject({ referred: null });
  expect(second.body).toMatchObject({ referred: tokenBindingHash(keys.otherEc.id.bytes) });
});

test("[TBH-X-04] a preflight, which carries no field, is served as unbound", async () => {
  const client = await connect(await startVerifying());
  const preflight = ["Host: localhost", "Origin: https://example.com", "Access-Control-Request-Method: PUT"];
  expect(await client.send("OPTIONS / HTTP/1.1", ...preflight)).toMatchObject({ status: 200, body: none });
});

test("[TBH-X-02] [A-27] each request of a connection is who it proves to be", async () => {
  const client = await connect(await startVerifying());
  const fields = [await field(keys.ec, client.ekm), await field(keys.otherEc, client.ekm)];
  const answers = [];
  for (const line of [...fields, ...fields]) answers.push((await client.get(line)).body);
  expect(answers[0]).not.toEqual(answers[1]);
  expect(answers.slice(2)).toEqual(answers.slice(0, 2));
});

test("[A-02] a rejected request leaves the next one alone", async () => {
  const client = await connect(await startVerifying());
  const bad = message(spoil(await makeBinding({ type: provided, key: keys.ec, ekm: client.ekm })));
  for (let round = 0; round < 2; round++) {
    expect((await client.get(`Sec-Token-Binding: ${bad}`)).status).toBe(400);
    expect((await client.get(await field(keys.ec, client.ekm))).status).toBe(200);
  }
});

test("[TBP-4.2-02] [TBH-2-19] a field on a connection that negotiated nothing is refused", async () => {
  const port = await startVerifying();
  const alice = await connect(port);
  const plain = await connect(port, { offer: false });
  const line = await field(keys.ec, alice.ekm);
  expect(await plain.get(line)).toMatchObject({ status: 400, body: { code: "not_negotiated" } });
  const own = plain.socket.exportKeyingMaterial(32, "EXPORTER-Token-Binding", undefined as never);
  expect(await plain.get(await field(keys.ec, own))).toMatchObject({ body: { code: "not_negotiated" } });
  expect(await plain.get()).toMatchObject({ status: 200, body: none });
});

test("[TBH-2-05] [A-11] two fields are refused, and so is one that something joined", async () => {
  const client = await connect(await startVerifying());
  const line = await field(keys.ec, client.ekm);
  const repeated = { status: 400, body: { code: "header_repeated" } };
  expect(await client.get(line, line)).toMatchObject(repeated);
  expect(await client.get(line, line.toUpperCase().slice(0, 18) + line.slice(18))).toMatchObject(repeated);
  expect(await client.get(`${line}, ${line.slice(19)}`)).toMatchObject(repeated);
  expect(await client.get(line, "Sec-Token-Binding:")).toMatchObject(repeated);
});

test("an empty field is a message without a binding", async () => {
  const client = await connect(await startVerifying());
  const answer = await client.get("Sec-Token-Binding:");
  expect(answer).toMatchObject({ status: 400, body: { code: "empty_message" } });
});

test("[TBH-2-08] [A-28] a field in the trailers neither counts nor proves", async () => {
  const port = await startServer((request, response) => {
    request.resume().on("end", () => {
      show(verifier)(request, response);
    });
  });
  const verifier = new TokenBindingVerifier();
  const client = await connect(port);
  const line = await field(keys.ec, client.ekm);
  const chunked = ["POST / HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked"];
  const trailer = ["", "2", "hi", "0", line];
  expect(await client.send(...chunked, ...trailer)).toMatchObject({ status: 200, body: none });
  expect((await client.send(...chunked, line, ...trailer)).body).toHaveProperty("keyParameters", "ecdsap256");
});

test("[A-05] the required option refuses requests that prove nothing", async () => {
  const port = await startVerifying({ required: true });
  const bound = await connect(port);
  expect((await bound.get(await field(keys.ec, bound.ekm))).status).toBe(200);
  for (const client of [bound, await connect(port, { offer: false })]) {
    expect(await client.get()).toMatchObject({ status: 400, body: { code: "header_missing" } });
  }
});

test("[TBP-4.2-11] [TBH-2-16] [A-14] the ignore option serves a rejected message as unbound", async () => {
  const client = await connect(await startVerifying({ onInvalid: "ignore" }));
  const line = await field(keys.ec, client.ekm);
  expect(await client.get(line, line)).toMatchObject({ status: 200, body: none });
  expect(await client.get("Sec-Token-Binding: rubbish")).toMatchObject({ status: 200, body: none });
  expect((await client.get(line)).body).not.toEqual(none);
});

test("[TBH-X-01] [TBH-X-02] over HTTP/2 every stream is verified by its own field", async () => {
  const verifier = new TokenBindingVerifier();
  const { session, ekm } = await connectHttp2(show(verifier));

  const get = async (headers: Record<string, string | string[]>) => {
    const stream = session.request({ ":path": "/", ...headers }).setEncoding("utf8");
    let body = "";
    for await (const chunk of stream) body += String(chunk);
    return JSON.parse(body) as { tbh?: string | null; code?: string };
  };
  const value = async (key: TokenBindingKey) => message(await makeBinding({ type: provided, key, ekm }));
  const [one, other] = [await value(keys.ec), await value(keys.otherEc)];
  const answers = await Promise.all([one, other, one].map((line) => get({ "sec-token-binding": line })));
  expect(answers[0]!.tbh).toEqual(answers[2]!.tbh);
  expect(answers[0]!.tbh).not.toEqual(answers[1]!.tbh);
  expect(await get({})).toMatchObject(none);
  expect(await get({ "sec-token-binding": [one, one] })).toEqual({ code: "header_repeated" });
});
