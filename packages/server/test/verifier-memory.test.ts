import { MessageVerifier } from "@tokbind/message";
import { negotiatedTokenBinding } from "@tokbind/tls";
import { keys, makeBinding, message, provided, referred } from "@tokbind/testing/messages";
import { connectHttp2, connectRaw, type RawClient } from "@tokbind/testing/vitest";
import type http2 from "node:http2";
import tls from "node:tls";
import { expect, onTestFinished, test, vi } from "vitest";
import { AcceptedMessages } from "../src/accepted-messages.ts";
import { TokenBindingVerifier, type VerifiedTokenBindings, withTokenBinding } from "../src/index.ts";
import { startServer } from "./support/start-server.ts";

/** Counts the messages that are verified. */
function countVerifications() {
  const spy = vi.spyOn(MessageVerifier.prototype, "verify");
  onTestFinished(() => {
    spy.mockRestore();
  });
  return () => spy.mock.calls.length;
}

const newMessage = async (ekm: Uint8Array) =>
  message(await makeBinding({ type: provided, key: keys.ec, ekm }));

async function connectTo(verifier: TokenBindingVerifier): Promise<RawClient> {
  const port = await startServer((request, response) => {
    const text = JSON.stringify(verifier.verify(request)?.provided.tbh ?? null);
    response.setHeader("Content-Length", text.length);
    response.end(text);
  });
  return connectRaw(port);
}

test("[TBH-2-18] the same message again on its connection costs no verification", async () => {
  const verifications = countVerifications();
  const client = await connectTo(new TokenBindingVerifier());
  const line = `Sec-Token-Binding: ${await newMessage(client.ekm)}`;
  const answers = [await client.get(line), await client.get(line), await client.get(line)];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(verifications()).toBe(1);
});

test("[TBH-2-18] a connection remembers its last four messages, and no more", async () => {
  const verifications = countVerifications();
  const client = await connectTo(new TokenBindingVerifier());
  // ECDSA signatures differ each time.
  const lines = [];
  for (let i = 0; i < 5; i++) lines.push(`Sec-Token-Binding: ${await newMessage(client.ekm)}`);
  for (const line of lines) await client.get(line);
  expect(verifications()).toBe(5);
  for (const line of lines.slice(1)) await client.get(line);
  expect(verifications()).toBe(5);
  await client.get(lines[0]!);
  expect(verifications()).toBe(6);
});

test("a message with bindings of unknown type, which may hold anything, is verified each time", async () => {
  const verifications = countVerifications();
  const client = await connectTo(new TokenBindingVerifier());
  const { ekm } = client;
  const good = await makeBinding({ type: provided, key: keys.ec, ekm });
  const other = await makeBinding({ type: 77, key: keys.otherEc, ekm });
  const line = `Sec-Token-Binding: ${message(good, other)}`;
  for (let i = 0; i < 3; i++) expect((await client.get(line)).status).toBe(200);
  expect(verifications()).toBe(3);
});

const verified = { others: [] } as unknown as VerifiedTokenBindings;
const line = (length: number, fill = "A") => fill.repeat(length);

test("a connection remembers 2,048 characters of field lines, and nothing of a longer one", () => {
  const accepted = new AcceptedMessages();
  accepted.add(line(2048), verified);
  expect(accepted.get(line(2048))).toBe(verified);
  accepted.add(line(2049), verified);
  expect(accepted.get(line(2049))).toBeUndefined();
  expect(accepted.get(line(2048))).toBe(verified);
  for (const fill of ["B", "C", "D"]) accepted.add(line(700, fill), verified);
  expect(accepted.get(line(2048))).toBeUndefined();
  expect(["B", "C", "D"].map((fill) => accepted.get(line(700, fill)))).toEqual([
    undefined,
    verified,
    verified,
  ]);
  accepted.add(line(648, "E"), verified);
  expect(["C", "D", "E"].map((fill) => accepted.get(line(fill === "E" ? 648 : 700, fill)))).toEqual([
    verified,
    verified,
    verified,
  ]);
});

test("room is given back by what goes", () => {
  const accepted = new AcceptedMessages();
  for (let i = 0; i < 100; i++) accepted.add(`${i}${line(500)}`, verified);
  expect([95, 96, 97, 98, 99].map((i) => accepted.get(`${i}${line(500)}`))).toEqual([
    undefined,
    verified,
    verified,
    verified,
    verified,
  ]);
});

test("two RSA bindings fit", async () => {
  const verifications = countVerifications();
  const verifier = new TokenBindingVerifier();
  const port = await startServer((request, response) => {
    const text = JSON.stringify(verifier.verify(request)?.referred?.tbh ?? null);
    response.setHeader("Content-Length", text.length);
    response.end(text);
  });
  const secureContext = withTokenBinding(() => tls.createSecureContext(), { keyParameters: ["rsa2048_pss"] });
  const { RawClient } = await import("@tokbind/testing/vitest");
  const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, secureContext });
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const { ekm } = negotiatedTokenBinding(socket)!;
  const client = new RawClient(socket);
  const own = await makeBinding({ type: provided, key: keys.pss, ekm });
  const other = await makeBinding({ type: referred, key: keys.pkcs1, ekm });
  for (let i = 0; i < 3; i++) {
    expect(await client.get(`Sec-Token-Binding: ${message(own, other)}`)).toMatchObject({ status: 200 });
  }
  expect(verifications()).toBe(1);
});

async function ask(session: http2.ClientHttp2Session, value: string): Promise<string> {
  const stream = session.request({ ":path": "/", "sec-token-binding": value }).setEncoding("utf8");
  let body = "";
  for await (const chunk of stream) body += String(chunk);
  return body;
}

test("[TBH-2-18] over HTTP/2 the streams of a session share its memory", async () => {
  const verifications = countVerifications();
  const verifier = new TokenBindingVerifier();
  const { session, ekm } = await connectHttp2((request, response) => {
    response.end(verifier.verify(request)?.provided.tbh ?? "");
  });
  const value = await newMessage(ekm);
  for (let i = 0; i < 3; i++) expect(await ask(session, value)).toHaveLength(43);
  expect(verifications()).toBe(1);
});

test("[TBH-2-18] [TBH-X-06] a message accepted in one HTTP/2 session is refused in another one of the same verifier", async () => {
  const verifier = new TokenBindingVerifier();
  const answer = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
    try {
      response.end(verifier.verify(request)?.provided.tbh ?? "");
    } catch (error) {
      response.end((error as { code: string }).code);
    }
  };
  const alice = await connectHttp2(answer);
  const mallory = await connectHttp2(answer);
  const value = await newMessage(alice.ekm);
  expect(await ask(alice.session, value)).toHaveLength(43);
  expect(await ask(mallory.session, value)).toBe("signature_invalid");
  expect(await ask(alice.session, value)).toHaveLength(43);
});

test("what is handed out is one object for all requests of a connection, so nobody can write to it", async () => {
  const verifier = new TokenBindingVerifier();
  const seen: VerifiedTokenBindings[] = [];
  const port = await startServer((request, response) => {
    seen.push(verifier.verify(request)!);
    response.setHeader("Content-Length", 2);
    response.end("{}");
  });
  const client = await connectRaw(port);
  const value = `Sec-Token-Binding: ${await newMessage(client.ekm)}`;
  await client.get(value);
  for (const part of [seen[0]!, seen[0]!.provided, seen[0]!.others]) expect(Object.isFrozen(part)).toBe(true);
  seen[0]!.provided.id.fill(0);
  await client.get(value);
  expect(seen[1]!.provided.id).toEqual(keys.ec.id.bytes);
});
