import { createHmac, randomBytes } from "node:crypto";
import { avIds, decodeAvPairs, encodeAvPairs, malformedChallenge } from "./av-pairs.ts";
import { md4 } from "./md4.ts";

// NTLMv2 of MS-NLMP, without session security: TLS has that, and directories refuse to have it twice.

const signature = Buffer.from("NTLMSSP\0", "latin1");
const unicode = 0x1;
const extendedSessionSecurity = 0x80000;
const targetInfo = 0x800000;
/** 56, 128, target info, extended session security, always sign, NTLM, request target, Unicode. Neither sign nor seal. */
const negotiateFlags = 0xa0888205;
const headerLength = 88;
const micOffset = 72;
/** MsvAvFlags: the message has a MIC. */
const hasMic = Buffer.from([2, 0, 0, 0]);

/** Who logs in. */
export interface NtlmOptions {
  readonly username: string;
  readonly domain: string;
  readonly password: string;
  /** 16 bytes, MsvAvChannelBindings; undefined sends no such pair, since zeros are taken for a wrong one. */
  readonly bnd: Buffer | undefined;
}

/** NEGOTIATE_MESSAGE */
export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(32);
  signature.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(negotiateFlags, 12);
  return message;
}

/**
 * AUTHENTICATE_MESSAGE, with a MIC over all three messages: without it the channel binding could be taken out.
 *
 * @throws TokenBindingError `invalid_encoding`
 */
export function authenticateMessage(negotiate: Buffer, challenge: Buffer, options: NtlmOptions): Buffer {
  const { username, domain, password, bnd } = options;
  const { serverChallenge, pairs } = decodeChallenge(challenge);
  const key = hmac(md4(utf16(password)), utf16(username.toUpperCase() + domain));
  const time = pairs.get(avIds.timestamp) ?? fileTime();
  pairs.set(avIds.flags, hasMic);
  // Whatever the server sent under this id is not its to say.
  pairs.delete(avIds.channelBindings);
  if (bnd !== undefined) pairs.set(avIds.channelBindings, bnd);
  // NTLMv2_CLIENT_CHALLENGE
  const version = Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]);
  const clientChallenge = randomBytes(8);
  const temp = Buffer.concat([
    version,
    time,
    clientChallenge,
    Buffer.alloc(4),
    encodeAvPairs(pairs),
    Buffer.alloc(4),
  ]);
  const proof = hmac(key, serverChallenge, temp);
  const fields = {
    lmChallengeResponse: Buffer.alloc(24),
    ntChallengeResponse: Buffer.concat([proof, temp]),
    domainName: utf16(domain),
    userName: utf16(username),
    workstation: Buffer.alloc(0),
    encryptedRandomSessionKey: Buffer.alloc(0),
  };
  const message = Buffer.concat([Buffer.alloc(headerLength), ...Object.values(fields)]);
  signature.copy(message);
  message.writeUInt32LE(3, 8);
  let offset = headerLength;
  for (const [index, { length }] of Object.values(fields).entries()) {
    message.writeUInt16LE(length, 12 + 8 * index);
    message.writeUInt16LE(length, 14 + 8 * index);
    message.writeUInt32LE(offset, 16 + 8 * index);
    offset += length;
  }
  message.writeUInt32LE(negotiateFlags, 60);
  const sessionKey = hmac(key, proof);
  hmac(sessionKey, negotiate, challenge, message).copy(message, micOffset);
  return message;
}

function decodeChallenge(message: Buffer) {
  if (message.length < 48 || !message.subarray(0, 8).equals(signature) || message.readUInt32LE(8) !== 2) {
    throw malformedChallenge("NTLMSSP and the type 2");
  }
  const required = unicode | extendedSessionSecurity | targetInfo;
  if ((message.readUInt32LE(20) & required) !== required) {
    throw malformedChallenge("Unicode, extended session security and target info: NTLMv2 needs them");
  }
  const [length, offset] = [message.readUInt16LE(40), message.readUInt32LE(44)];
  if (offset + length > message.length) throw malformedChallenge("target info inside the message");
  const pairs = decodeAvPairs(message.subarray(offset, offset + length));
  const timestamp = pairs.get(avIds.timestamp);
  if (timestamp !== undefined && timestamp.length !== 8) throw malformedChallenge("a timestamp of 8 bytes");
  return { serverChallenge: message.subarray(24, 32), pairs };
}

function hmac(key: Buffer, ...parts: readonly Buffer[]): Buffer {
  const mac = createHmac("md5", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

function utf16(text: string): Buffer {
  return Buffer.from(text, "utf16le");
}

/** FILETIME: units of 100 ns since 1601. */
function fileTime(): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE((BigInt(Date.now()) + 11_644_473_600_000n) * 10_000n);
  return time;
}
