import type { Http2ServerRequest } from "node:http2";
import { expect, onTestFinished, test, vi } from "vitest";
import { KnownKeys } from "../src/known-keys.ts";
import { createVerifier, type Verifier } from "../src/verifier.ts";
import { connect, connectHttp2, type RawClient, startServer } from "./support/connections.ts";
import { keys, makeBinding, message, provided } from "./support/messages.ts";

/** Counts the bindings that are verified, for each of which a key is looked up. */
function countVerifications() {
  const spy = vi.spyOn(KnownKeys.prototype, "get");
  onTestFinished(() => {
    spy.mockRestore();
  });
  return () => spy.mock.calls.length;
}

const newMessage = async (ekm: Uint8Array) =>
  message(await makeBinding({ type: provided, key: keys.ec, ekm }));

async function connectTo(verifier: Verifier): Promise<RawClient> {
  const port = await startServer((request, response) => {
    const text = JSON.stringify(verifier.verify(request)?.provided.tbh ?? null);
    response.setHeader("Content-Length", text.length);
    response.end(text);
  });
  return connect(port);
}

test("[TBH-2-18] the same message again on its connection costs no verification", async () => {
  const verifications = countVerifications();
  const client = await connectTo(createVerifier());
  const line = `Sec-Token-Binding: ${await newMessage(client.ekm)}`;
  const answers = [await client.get(line), await client.get(line), await client.get(line)];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(verifications()).toBe(1);
});

test("[TBH-2-18] a connection remembers its last four messages, and no more", async () => {
  const verifications = countVerifications();
  const client = await connectTo(createVerifier());
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

test("[TBH-2-18] over HTTP/2 the streams of a session share its memory", async () => {
  const verifications = countVerifications();
  const verifier = createVerifier();
  const { session, ekm } = await connectHttp2((request, response) => {
    response.end(verifier.verify(request)?.provided.tbh ?? "");
  });
  const value = await newMessage(ekm);
  for (let i = 0; i < 3; i++) {
    const stream = session.request({ ":path": "/", "sec-token-binding": value }).setEncoding("utf8");
    let body = "";
    for await (const chunk of stream) body += String(chunk);
    expect(body).toHaveLength(43);
  }
  expect(verifications()).toBe(1);
});

/** An HTTP/2 request whose session is gone. */
const orphan = (...rawHeaders: string[]) =>
  ({ rawHeaders, stream: { session: undefined } }) as unknown as Http2ServerRequest;

test("[TBP-4.2-02] a request whose HTTP/2 session is gone has nothing negotiated", () => {
  const verifier = createVerifier();
  expect(verifier.verify(orphan())).toBeUndefined();
  expect(() => verifier.verify(orphan("sec-token-binding", "AAAA"))).toThrow(
    expect.objectContaining({ code: "not_negotiated" }) as Error,
  );
});

test("the limits and the number of known keys are handed on", async () => {
  const client = await connectTo(createVerifier({ maxMessageLength: 138, onInvalid: "ignore" }));
  const answer = await client.get(`Sec-Token-Binding: ${await newMessage(client.ekm)}`);
  expect(answer.body).toBeNull();
  expect(() => createVerifier({ maxKnownKeys: -1 })).toThrow();
});

test("errors of a request tell what was expected", () => {
  const field = ["sec-token-binding", "AAAA"];
  const verifier = createVerifier();
  expect(() => verifier.verify(orphan(...field, ...field))).toThrow(
    "expected at most one Sec-Token-Binding field, got more",
  );
  expect(() => verifier.verify(orphan(...field))).toThrow(
    "got a Sec-Token-Binding field on a connection that did not negotiate Token Binding",
  );
  expect(() => createVerifier({ required: true }).verify(orphan())).toThrow(
    "expected a valid Sec-Token-Binding field, got none",
  );
});

test("what is not a TokenBindingError is not taken for an invalid message", () => {
  const broken = {
    get rawHeaders(): string[] {
      throw new RangeError("out of order");
    },
  } as unknown as Http2ServerRequest;
  expect(() => createVerifier({ onInvalid: "ignore" }).verify(broken)).toThrow(RangeError);
});
