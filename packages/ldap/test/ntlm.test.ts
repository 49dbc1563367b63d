import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { authenticateMessage, negotiateMessage } from "../src/ntlm/ntlm-client.ts";
import { avIds, decodeAvPairs, encodeAvPairs } from "../src/ntlm/av-pairs.ts";
import { md4 } from "../src/ntlm/md4.ts";

test.each([
  ["", "31d6cfe0d16ae931b73c59d7e0c089c0"],
  ["a", "bde52cb31de33e46245e05fbdbd6fb24"],
  ["abc", "a448017aaf21d8525fc10ae87aa6729d"],
  ["message digest", "d9130a8164549fe818874806e1c7014b"],
  ["abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"],
  ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"],
  ["1234567890".repeat(8), "e33b4ddc9c38f2199c3e7b164fcc0536"],
])("MD4 of %j, RFC 1320 appendix A.5", (message, digest) => {
  expect(md4(Buffer.from(message)).toString("hex")).toBe(digest);
});

const timestamp = Buffer.from("0102030405060708", "hex");
const name = Buffer.from("ADEX", "utf16le");

function challengeOf(pairs: [number, Buffer][]): Buffer {
  const info = encodeAvPairs(new Map(pairs));
  const message = Buffer.alloc(48 + info.length);
  message.write("NTLMSSP\0", "latin1");
  message.writeUInt32LE(2, 8);
  message.writeUInt32LE(0xa0888205, 20);
  Buffer.from("0123456789abcdef", "hex").copy(message, 24);
  message.writeUInt16LE(info.length, 40);
  message.writeUInt32LE(48, 44);
  info.copy(message, 48);
  return message;
}

function partsOf(message: Buffer) {
  const field = (index: number) =>
    message.subarray(message.readUInt32LE(16 + 8 * index)).subarray(0, message.readUInt16LE(12 + 8 * index));
  const response = field(1);
  const temp = response.subarray(16);
  return {
    lm: field(0),
    proof: response.subarray(0, 16),
    temp,
    pairs: decodeAvPairs(temp.subarray(28)),
    mic: message.subarray(72, 88),
  };
}

const logon = { username: "User", domain: "Domain", password: "Password" };
const bnd = Buffer.alloc(16, 0xab);

test("[CB-NLMP-01] [CB-NLMP-02] the channel binding is an AV pair of 16 bytes, once and before the last; without one there is no pair", () => {
  // One of the server's own is not believed.
  const challenge = challengeOf([
    [avIds.channelBindings, Buffer.alloc(16, 0xcd)],
    [2, name],
    [avIds.timestamp, timestamp],
  ]);
  const negotiate = negotiateMessage();
  const { temp, pairs } = partsOf(authenticateMessage(negotiate, challenge, { ...logon, bnd }));
  expect(pairs.get(avIds.channelBindings)).toEqual(bnd);
  expect(temp.toString("latin1").split(Buffer.from("0a001000", "hex").toString("latin1"))).toHaveLength(2);
  expect(
    partsOf(authenticateMessage(negotiate, challenge, { ...logon, bnd: undefined })).pairs.has(
      avIds.channelBindings,
    ),
  ).toBe(false);
});

test("[CB-NLMP-03] with a timestamp: the MIC over all three messages, its flag, and no LMv2 response", () => {
  const challenge = challengeOf([
    [2, name],
    [avIds.timestamp, timestamp],
  ]);
  const negotiate = negotiateMessage();
  const message = authenticateMessage(negotiate, challenge, { ...logon, bnd });
  const { lm, proof, temp, pairs, mic } = partsOf(message);
  expect(lm).toEqual(Buffer.alloc(24));
  expect(pairs.get(avIds.flags)).toEqual(Buffer.from("02000000", "hex"));
  expect(temp.subarray(8, 16)).toEqual(timestamp);

  // NTOWFv2 of MS-NLMP 4.2.4.1.1, which gives this key for these three.
  const key = Buffer.from("0c868a403bfd7a93a3001ef22ef02e3f", "hex");
  const hmac = (key: Buffer, ...parts: Buffer[]) =>
    createHmac("md5", key).update(Buffer.concat(parts)).digest();
  expect(proof).toEqual(hmac(key, challenge.subarray(24, 32), temp));
  const withoutMic = Buffer.from(message).fill(0, 72, 88);
  expect(mic).toEqual(hmac(hmac(key, proof), negotiate, challenge, withoutMic));
});
