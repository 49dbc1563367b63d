import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, fill, flip, nothingUpMySleeve } from "../make/bytes.ts";
import { rsa, signedData } from "../make/keys.ts";
import { digestOf } from "../make/message-builder.ts";
import { rsaGroup, rsaKeys, rsaSignatures, rsaSignedData } from "./rsa-common.ts";
import { defaultSalt, encodePkcs1, encodePss, type PssOptions } from "../make/rsa.ts";
import { pss, rsaBinding, type RsaOptions } from "./rsa-scheme.ts";
import type { VerificationGroup } from "./verification-case.ts";

const data = signedData(0, pss.code);

export function verificationPss(): VerificationGroup {
  const group = rsaGroup(3001, pss, "SaltLength", "MgfHash", "PssPadding", "SchemeConfusion");
  rsaSignedData(group, pss);
  paddings(group);
  rsaSignatures(group, pss);
  rsaKeys(group, pss);
  return group;
}

function paddings(group: VerificationGroup): void {
  const refuse = (comment: string, flag: string, rows: string, options: RsaOptions, name?: string) => {
    group.refuse("signature_invalid", comment, flag, rows, [rsaBinding(pss, options)], name ? { name } : {});
  };
  const encoded = (options: PssOptions, bytes = data) => ({ encoded: encodePss(bytes, 2048, options) });
  const otherSalt = nothingUpMySleeve("another PSS salt");
  group.accept("another salt of 32 bytes", "Ordinary", "TBP-3.3-04", [
    rsaBinding(pss, encoded({ salt: otherSalt })),
  ]);
  group.accept("a salt of 32 zero bytes", "Ordinary", "TBP-3.3-04", [
    rsaBinding(pss, encoded({ salt: fill(32, 0) })),
  ]);
  for (const length of [0, 1, 20, 31, 33, 48, 64, 222]) {
    const salt = nothingUpMySleeve("a PSS salt of another length", length);
    const name = length === 20 ? "derived-pss-salt-20" : undefined;
    refuse(
      `a salt of ${length} bytes${length === 222 ? ", the longest" : ""}`,
      "SaltLength",
      "TBP-3.3-04",
      encoded({ salt }),
      name,
    );
  }
  for (const [name, hash] of [
    ["SHA-1", sha1],
    ["SHA-384", sha384],
    ["SHA-512", sha512],
  ] as const) {
    refuse(
      `${name} for hash and MGF1, salt of 32 bytes`,
      "WrongHash",
      "TBP-3.3-02",
      encoded({ hash, mgfHash: hash }),
    );
    refuse(`${name} for MGF1 only`, "MgfHash", "TBP-3.3-03", encoded({ mgfHash: hash }));
    refuse(`${name} for the hash only`, "WrongHash", "TBP-3.3-02", encoded({ hash }));
  }
  refuse(
    "SHA-1 throughout with a salt of 20 bytes, the defaults of RFC 8017",
    "WrongHash",
    "TBP-3.3-02 TBP-3.3-04",
    encoded({ hash: sha1, mgfHash: sha1, salt: defaultSalt.subarray(0, 20) }),
  );
  refuse("the SHA-256 of the data: hashed twice", "WrongSignedData", "TBP-3.3-06", encoded({}, sha256(data)));
  const pad = (comment: string, options: PssOptions) => {
    refuse(comment, "PssPadding", "TBP-3.3-02", encoded(options));
  };
  pad("a trailer of bb", { trailer: 0xbb });
  pad("a trailer of cc, for another hash by IEEE 1363a", { trailer: 0xcc });
  pad("a trailer of 00", { trailer: 0 });
  pad("a 02 instead of the 01 before the salt", { editBlock: (block) => flip(block, -33, 0x03) });
  pad("a 00 instead of the 01 before the salt", { editBlock: (block) => flip(block, -33, 0x01) });
  pad("a 01 instead of the last zero of the padding", { editBlock: (block) => flip(block, -34, 0x01) });
  pad("a bit set at the beginning of the padding", { editBlock: (block) => flip(block, 0, 0x40) });
  pad("a bit set in the middle of the padding", { editBlock: (block) => flip(block, 100, 0x80) });
  pad("a bit of the salt turned over after hashing", { editBlock: (block) => flip(block, -1) });
  pad("seven zero bytes before the hash instead of eight", { prefix: 7 });
  pad("no zero bytes before the hash", { prefix: 0 });
  // The top bit of the encoded message must be zero; this one is below the modulus all the same.
  refuse("the top bit set", "PssPadding", "TBP-3.3-02", { encoded: topBitSet() });
  refuse("a good RSASSA-PKCS1-v1_5 signature", "SchemeConfusion", "TBP-3.3-02", {
    encoded: encodePkcs1(digestOf(data), 256),
  });
}

/** An encoded message whose mask happens to set the top bit, which is left set. */
function topBitSet(): Bytes {
  for (let i = 0; ; i++) {
    const encoded = encodePss(data, 2048, { salt: nothingUpMySleeve(`top bit ${i}`), keepTopBits: true });
    if (encoded[0]! >= 0x80 && BigInt(`0x${Buffer.from(encoded).toString("hex")}`) < rsa.n)
      return concat(encoded);
  }
}
