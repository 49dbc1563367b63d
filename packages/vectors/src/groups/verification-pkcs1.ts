import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, fill, fromHex, nothingUpMySleeve } from "../make/bytes.ts";
import { signedData } from "../make/keys.ts";
import { digestOf } from "../make/message-builder.ts";
import { rsaGroup, rsaKeys, rsaSignatures, rsaSignedData } from "./rsa-common.ts";
import { digestInfo, encodePkcs1, encodePss, rsaKey } from "../make/rsa.ts";
import { pkcs1, rsaBinding, type RsaOptions } from "./rsa-scheme.ts";
import type { VerificationGroup } from "./verification-case.ts";

const data = signedData(0, pkcs1.code);
const info = digestOf(data);
const hash = sha256(data);

export function verificationPkcs1(): VerificationGroup {
  const group = rsaGroup(4001, pkcs1, "Pkcs1Padding", "DigestInfo", "Bleichenbacher", "SchemeConfusion");
  rsaSignedData(group, pkcs1);
  paddings(group);
  digestInfos(group);
  rsaSignatures(group, pkcs1);
  rsaKeys(group, pkcs1);
  return group;
}

function refuse(group: VerificationGroup, comment: string, flag: string, options: RsaOptions): void {
  group.refuse("signature_invalid", comment, flag, "TBP-3.3-01", [rsaBinding(pkcs1, options)]);
}

function paddings(group: VerificationGroup): void {
  const ff = 256 - info.length - 3;
  const pad = (comment: string, ...parts: (Bytes | number)[]) => {
    refuse(group, comment, "Pkcs1Padding", { encoded: concat(...parts) });
  };
  pad("block type 00", 0, 0, fill(ff, 0xff), 0, info);
  pad("block type 02, of encryption", 0, 2, fill(ff, 0xff), 0, info);
  pad("first byte 01", 1, 1, fill(ff, 0xff), 0, info);
  pad("a 00 in the padding", 0, 1, fill(100, 0xff), 0, fill(ff - 101, 0xff), 0, info);
  pad("a fe in the padding", 0, 1, fill(100, 0xff), 0xfe, fill(ff - 101, 0xff), 0, info);
  pad("a first byte of fe in the padding", 0, 1, 0xfe, fill(ff - 1, 0xff), 0, info);
  pad("a last byte of fe in the padding", 0, 1, fill(ff - 1, 0xff), 0xfe, 0, info);
  pad("padding of zeros", 0, 1, fill(ff, 0), 0, info);
  pad("no 00 after the padding", 0, 1, fill(ff + 1, 0xff), info);
  pad("01 instead of 00 after the padding", 0, 1, fill(ff, 0xff), 1, info);
  pad("two 00 after the padding", 0, 1, fill(ff - 1, 0xff), 0, 0, info);
  pad("no padding: zeros before the DigestInfo", fill(256 - info.length, 0), info);
  const garbage = (comment: string, length: number, byte?: number) => {
    const tail = byte === undefined ? nothingUpMySleeve("garbage", length) : fill(length, byte);
    const encoded = concat(0, 1, fill(ff - length, 0xff), 0, info, tail);
    refuse(group, comment, "Bleichenbacher", { encoded });
    if (length > 8)
      refuse(group, `${comment}, with the exponent 3`, "Bleichenbacher", { encoded, key: rsaKey("rsa", 3n) });
  };
  garbage("a 00 after the hash, one byte less of padding", 1, 0);
  garbage("8 bytes after the hash", 8);
  garbage("194 bytes after the hash, 8 bytes of padding", ff - 8);
  garbage("202 bytes after the hash, no padding", ff);
  refuse(group, "forged without the private key: a cube root, garbage after the hash", "Bleichenbacher", {
    key: rsaKey("rsa", 3n),
    signature: cubeRootForgery(),
  });
}

/**
 * Bleichenbacher's forgery of 2006 for the exponent 3: a number whose cube begins with a short padding and the
 * DigestInfo, and ends as it likes.
 */
function cubeRootForgery(): Bytes {
  const start = concat(0, 1, fill(8, 0xff), 0, info);
  const number = (tail: number) =>
    BigInt(`0x${Buffer.from(concat(start, fill(256 - start.length, tail))).toString("hex")}`);
  let [low, high] = [0n, 1n << 700n];
  while (low < high) {
    const middle = (low + high) / 2n;
    if (middle ** 3n < number(0)) low = middle + 1n;
    else high = middle;
  }
  if (low ** 3n > number(0xff)) throw new Error("no cube in range");
  return fromHex(low.toString(16).padStart(512, "0"));
}

function digestInfos(group: VerificationGroup): void {
  const wrong = (comment: string, hexadecimal: string, digest: Bytes = hash, flag = "DigestInfo") => {
    refuse(group, comment, flag, { encoded: encodePkcs1(concat(fromHex(hexadecimal), digest), 256) });
  };
  const oid = "0609608648016503040201";
  wrong("SHA-1", digestInfo.sha1, sha1(data), "WrongHash");
  wrong("SHA-384", digestInfo.sha384, sha384(data), "WrongHash");
  wrong("SHA-512", digestInfo.sha512, sha512(data), "WrongHash");
  wrong("the OID of SHA-512 before a hash of SHA-256", "3031300d060960864801650304020305000420");
  wrong("the OID of SHA-1 before a hash of SHA-256", "302d300906052b0e03021a05000420");
  wrong("no NULL after the OID", `302f300b${oid}0420`);
  wrong("a NULL that has a byte", `3032300e${oid}0501000420`);
  wrong("an empty SEQUENCE instead of NULL", `3031300d${oid}30000420`);
  wrong("a second NULL", `3033300f${oid}050005000420`);
  wrong("a length of the outer SEQUENCE in the long form", `308131300d${oid}05000420`);
  wrong("a length of the inner SEQUENCE in the long form", `303230810d${oid}05000420`);
  wrong("a length of the hash in the long form", `3032300d${oid}0500048120`);
  wrong("an indefinite length of the outer SEQUENCE", `3080300d${oid}05000420`, concat(hash, 0, 0));
  wrong("one byte after the hash inside the outer SEQUENCE", `3032300d${oid}05000420`, concat(hash, 0));
  wrong("an outer length one too great", `3032300d${oid}05000420`);
  wrong("an outer length one too small", `3030300d${oid}05000420`);
  wrong("a hash length one too small", `3031300d${oid}0500041f`);
  wrong("a BIT STRING instead of the OCTET STRING", `3031300d${oid}05000320`);
  wrong("a SET instead of the SEQUENCE", `3131300d${oid}05000420`);
  wrong("only the OCTET STRING", "0420");
  wrong("only the hash, without DigestInfo", "");
  wrong("the hash of the hash", digestInfo.sha256, sha256(hash), "WrongSignedData");
  wrong("the data instead of their hash", `3033300d${oid}05000422`, data);
  refuse(group, "a good RSASSA-PSS signature", "SchemeConfusion", { encoded: encodePss(data, 2048) });
  refuse(group, "the DigestInfo of MD5 and SHA-1, as TLS 1.0 had it", "WrongHash", {
    encoded: encodePkcs1(nothingUpMySleeve("MD5 and SHA-1", 36), 256),
  });
}
