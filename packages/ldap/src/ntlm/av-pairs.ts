import { TokenBindingError } from "@tokbind/codec";

/** AvId of MS-NLMP 2.2.2.1, those that a client reads or writes. */
export const avIds = { eol: 0, flags: 6, timestamp: 7, channelBindings: 10 } as const;

/** AV_PAIR structures by their AvId, without the last, MsvAvEOL. */
export type AvPairs = Map<number, Buffer>;

export function decodeAvPairs(bytes: Buffer): AvPairs {
  const pairs: AvPairs = new Map();
  for (let at = 0; at + 4 <= bytes.length;) {
    const [id, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    const value = bytes.subarray(at + 4, at + 4 + length);
    if (value.length < length || pairs.has(id)) break;
    if (id === avIds.eol) return pairs;
    pairs.set(id, value);
    at += 4 + length;
  }
  throw malformedChallenge("AV pairs, each once, up to MsvAvEOL");
}

export function encodeAvPairs(pairs: AvPairs): Buffer {
  const header = (id: number, length: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt16LE(id, 0);
    bytes.writeUInt16LE(length, 2);
    return bytes;
  };
  const parts = [...pairs].flatMap(([id, value]) => [header(id, value.length), value]);
  return Buffer.concat([...parts, header(avIds.eol, 0)]);
}

export function malformedChallenge(expected: string): TokenBindingError {
  return new TokenBindingError(
    "invalid_encoding",
    `NTLM CHALLENGE_MESSAGE: expected ${expected} (MS-NLMP 2.2)`,
  );
}
