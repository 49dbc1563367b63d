import { randomBytes } from "node:crypto";
import type net from "node:net";
import { TokenBindingError } from "@tokbind/codec";
import { exportPublicJwk, generateKey, type TokenBindingKey } from "@tokbind/crypto";
import { hostileAgent } from "@tokbind/testing/ssh-agent";
import fc from "fast-check";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { SshAgentKeyStore } from "../src/index.ts";
import { failure, get, makeAgent } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const string = (value: string | Uint8Array) => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
};
const message = (type: number, ...parts: Uint8Array[]) => string(Buffer.concat([Buffer.of(type), ...parts]));

const key = await generateKey("ecdsap256");
const rsa = await generateKey("rsa2048_pkcs1.5");
const member = (of: TokenBindingKey, name: "x" | "y" | "n" | "e") =>
  Buffer.from(exportPublicJwk(of.id)[name]!, "base64url");
const ecBlob = Buffer.concat([
  string("ecdsa-sha2-nistp256"),
  string("nistp256"),
  string(Buffer.concat([Buffer.of(4), member(key, "x"), member(key, "y")])),
]);
const rsaBlob = Buffer.concat([
  string("ssh-rsa"),
  string(member(rsa, "e")),
  string(Buffer.concat([Buffer.of(0), member(rsa, "n")])),
]);
const identities = (...entries: [blob: Uint8Array, comment: string][]) =>
  message(
    12,
    uint32(entries.length),
    ...entries.flatMap(([blob, comment]) => [string(blob), string(comment)]),
  );
const both = identities([ecBlob, "tokbind:localhost"], [rsaBlob, "tokbind:localhost"]);
const signature = (type: string, bytes: Uint8Array) =>
  message(14, string(Buffer.concat([string(type), string(bytes)])));
const numbers = (r: Uint8Array, s: Uint8Array) => Buffer.concat([string(r), string(s)]);
const one = Buffer.of(1);

/** Answers every question in this way. */
const answering = (answer: Uint8Array) => hostileAgent((socket) => socket.write(answer));

async function refused(socket: string, expected: RegExp, timeout = 5_000): Promise<void> {
  const store = new SshAgentKeyStore({ socket, timeout, create: false });
  const calls = [store.get("localhost", "ecdsap256"), store.delete("localhost"), store.clear(), store.list()];
  for (const error of await Promise.all(calls.map(failure))) {
    expect(error).toBeInstanceOf(TokenBindingError);
    expect(error).toMatchObject({ code: "key_store" });
    expect(error.message).toMatch(expected);
  }
}

describe("an agent that lists its keys in another way", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["no bytes of a message", uint32(0), /malformed answer: expected more bytes/],
    ["another type", message(99), /expected an answer of type 12, got 99/],
    ["a failure", message(5), /refused/],
    ["a success", message(6), /expected an answer of type 12, got 6/],
    ["no count", message(12), /malformed answer: expected more bytes/],
    ["a count without keys", message(12, uint32(1)), /malformed answer: expected more bytes/],
    ["four thousand million keys", message(12, uint32(0xffffffff)), /malformed answer: expected more bytes/],
    ["a key longer than the message", message(12, uint32(1), uint32(0xffffffff)), /malformed answer/],
    ["a key without a comment", message(12, uint32(1), string(ecBlob)), /malformed answer/],
    ["more than its keys", message(12, uint32(0), Buffer.of(0)), /expected the end, got more bytes/],
    ["a length of four gigabytes", uint32(0xffffffff), /at most 262144 bytes, got one of 4294967295/],
    ["a length of just too much", uint32(256 * 1024 + 1), /at most 262144 bytes, got one of 262145/],
    ["an answer nobody asked for", Buffer.concat([both, both]), /sent more than an answer/],
    ["HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), /at most 262144 bytes/],
  ])("%s", async (_what, bytes, expected) => {
    await refused(await answering(bytes), expected);
  });

  test("one that hangs, says nothing, half of it, or one byte at a time for ever, costs no more than the time allowed", async () => {
    const trickle = (socket: net.Socket) => {
      const timer = setInterval(() => socket.write(Buffer.of(0)), 20);
      socket.on("close", () => {
        clearInterval(timer);
      });
    };
    for (const answer of [
      () => undefined,
      (socket: net.Socket) => socket.write(both.subarray(0, 2)),
      (socket: net.Socket) => socket.write(both.subarray(0, -1)),
      (socket: net.Socket) => {
        socket.write(uint32(200_000));
        trickle(socket);
      },
    ]) {
      await refused(await hostileAgent(answer), /no answer in 100 ms/, 100);
    }
  });

  test("one that closes, or resets", async () => {
    await refused(
      await hostileAgent((socket) => socket.end()),
      /closed the connection before it answered|cannot be reached: EPIPE/,
    );
    await refused(
      await hostileAgent((socket) => socket.end(both.subarray(0, -1))),
      /closed the connection before it answered/,
    );
    await refused(
      await hostileAgent((socket) => socket.destroy()),
      /closed the connection before it answered|ECONNRESET|EPIPE/,
    );
  });

  test.each<[string, Buffer]>([
    ["nothing", Buffer.of()],
    [
      "a point that is not on the curve",
      Buffer.concat([ecBlob.subarray(0, -1), Buffer.of(ecBlob.at(-1)! ^ 1)]),
    ],
    [
      "a compressed point",
      Buffer.concat([
        string("ecdsa-sha2-nistp256"),
        string("nistp256"),
        string(Buffer.concat([Buffer.of(2), member(key, "x")])),
      ]),
    ],
    [
      "another curve's name",
      Buffer.concat([string("ecdsa-sha2-nistp256"), string("nistp384"), ecBlob.subarray(35)]),
    ],
    ["a byte after it", Buffer.concat([ecBlob, Buffer.of(0)])],
    [
      "an RSA key whose exponent is one",
      Buffer.concat([
        string("ssh-rsa"),
        string(one),
        string(Buffer.concat([Buffer.of(0), member(rsa, "n")])),
      ]),
    ],
    [
      "an RSA key of a huge exponent",
      Buffer.concat([
        string("ssh-rsa"),
        string(Buffer.alloc(9, 1)),
        string(Buffer.concat([Buffer.of(0), member(rsa, "n")])),
      ]),
    ],
    ["a security key", Buffer.concat([string("sk-ecdsa-sha2-nistp256@openssh.com"), ecBlob.subarray(23)])],
    [
      "a certificate",
      Buffer.concat([string("ecdsa-sha2-nistp256-cert-v01@openssh.com"), ecBlob.subarray(23)]),
    ],
  ])("a key that is %s is passed over", async (_what, blob) => {
    const store = new SshAgentKeyStore({
      socket: await answering(identities([blob, "tokbind:localhost"])),
      create: false,
    });
    expect(await store.list()).toEqual([]);
    for (const type of ["ecdsap256", "rsa2048_pkcs1.5"] as const) {
      expect((await failure(store.get("localhost", type))).message).toContain("got none");
    }
  });

  test("any bytes at all are a failure or a list", async () => {
    const mutant = fc
      .tuple(fc.nat(both.length - 1), fc.nat(255))
      .map(([at, byte]) => Buffer.concat([both.subarray(0, at), Buffer.of(byte), both.subarray(at + 1)]));
    let answer: Uint8Array = both;
    const socket = await hostileAgent((connection) => connection.end(answer));
    const store = new SshAgentKeyStore({ socket, timeout: 5_000 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutant, fc.uint8Array({ maxLength: 60 })), async (bytes) => {
        answer = bytes;
        const listed = await store.list().catch((error: unknown) => {
          expect(error).toMatchObject({ code: "key_store" });
          return [];
        });
        expect(listed.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 300 },
    );
  });
});

describe("an agent that signs in another way sends nothing over the wire", () => {
  const cases: [string, "ecdsap256" | "rsa2048_pkcs1.5", Uint8Array, RegExp][] = [
    ["a refusal", "ecdsap256", message(5), /refused/],
    ["another type of message", "ecdsap256", both, /expected an answer of type 14, got 12/],
    ["an empty signature", "ecdsap256", message(14, string("")), /malformed answer/],
    [
      "a signature of another algorithm",
      "ecdsap256",
      signature("ssh-ed25519", randomBytes(64)),
      /expected a signature of ecdsa-sha2-nistp256, got another/,
    ],
    [
      "SHA-1",
      "rsa2048_pkcs1.5",
      signature("ssh-rsa", randomBytes(256)),
      /expected a signature of rsa-sha2-256, got another/,
    ],
    [
      "R and S of nobody",
      "ecdsap256",
      signature("ecdsa-sha2-nistp256", numbers(one, one)),
      /that the ID of the key verifies/,
    ],
    [
      "R of zero bytes",
      "ecdsap256",
      signature("ecdsa-sha2-nistp256", numbers(Buffer.of(), one)),
      /that the ID of the key verifies/,
    ],
    [
      "R of 33 bytes",
      "ecdsap256",
      signature("ecdsa-sha2-nistp256", numbers(Buffer.alloc(33, 1), one)),
      /a larger one/,
    ],
    ["R without S", "ecdsap256", signature("ecdsa-sha2-nistp256", string(one)), /malformed answer/],
    [
      "R, S and more",
      "ecdsap256",
      signature("ecdsa-sha2-nistp256", Buffer.concat([numbers(one, one), one])),
      /malformed answer/,
    ],
    [
      "more after the signature",
      "ecdsap256",
      message(14, string(Buffer.concat([string("ecdsa-sha2-nistp256"), string(numbers(one, one)), one]))),
      /malformed answer/,
    ],
    [
      "RSA of nobody",
      "rsa2048_pkcs1.5",
      signature("rsa-sha2-256", randomBytes(256).fill(1, 0, 1)),
      /that the ID of the key verifies/,
    ],
    ["RSA of 257 bytes", "rsa2048_pkcs1.5", signature("rsa-sha2-256", Buffer.alloc(257, 1)), /a larger one/],
    [
      "RSA of no bytes",
      "rsa2048_pkcs1.5",
      signature("rsa-sha2-256", Buffer.of()),
      /that the ID of the key verifies/,
    ],
  ];
  test.each(cases)("%s", async (_what, type, answer, expected) => {
    const origin = await serve({ keyParameters: [type] });
    const socket = await hostileAgent((connection, question) => {
      connection.end(question[4] === 11 ? both : answer);
    });
    const agent = makeAgent({ keyStore: new SshAgentKeyStore({ socket }) });
    for (let i = 0; i < 2; i++) {
      const error = await failure(request(origin.url, { dispatcher: agent }));
      expect(error).toMatchObject({ code: "key_store" });
      expect(error.message).toMatch(expected);
    }
    expect(origin.seen).toHaveLength(0);
  });
});

test("an agent that hangs costs its own request only [TBP-4.1-04]", async () => {
  const origin = await serve();
  const socket = await hostileAgent(() => undefined);
  const slow = new SshAgentKeyStore({ socket, timeout: 300 });
  const hanging = failure(request(origin.url, { dispatcher: makeAgent({ keyStore: slow }) }));
  await get(makeAgent(), origin.url);
  expect(origin.seen).toHaveLength(1);
  expect(await hanging).toMatchObject({
    code: "key_store",
    message: expect.stringContaining("no answer in 300 ms") as string,
  });
});
