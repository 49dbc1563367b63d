import { readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import type { KeyParameters } from "@tokbind/codec";
import { describe, expect, test } from "vitest";
import { backends } from "./backends.ts";
import { bytes, ecId, rsaId } from "./keys.ts";

/**
 * The signature vectors of C2SP/wycheproof. No registry of packages carries them, so they are run when
 * WYCHEPROOF names a clone of the repository:
 *
 *     WYCHEPROOF=../wycheproof npx vitest run packages/crypto/test/wycheproof.test.ts
 */
const clone = process.env["WYCHEPROOF"];

const files: readonly (readonly [file: string, keyParameters: KeyParameters])[] = [
  ["ecdsa_secp256r1_sha256_p1363_test.json", "ecdsap256"],
  ["rsa_signature_2048_sha256_test.json", "rsa2048_pkcs1.5"],
  ["rsa_pss_2048_sha256_mgf1_32_test.json", "rsa2048_pss"],
];

interface VectorFile {
  testGroups: {
    publicKey: { uncompressed: string; modulus: string; publicExponent: string };
    tests: { tcId: number; comment: string; msg: string; sig: string; result: string; flags: string[] }[];
  }[];
}

function read(file: string): VectorFile {
  return JSON.parse(readFileSync(joinPath(clone!, "testvectors_v1", file), "utf8")) as VectorFile;
}

describe.skipIf(clone === undefined)("wycheproof", () => {
  describe.each(backends)("%s", (_, { importPublicKey, verify }) => {
    test.each(files)("%s", (file, keyParameters) => {
      const wrong: unknown[] = [];
      let count = 0;
      for (const { publicKey: key, tests } of clone === undefined ? [] : read(file).testGroups) {
        const id =
          keyParameters === "ecdsap256"
            ? ecId(bytes(key.uncompressed).subarray(1))
            : rsaId(keyParameters, {
                // An INTEGER there: 00 before a set top bit.
                modulus: bytes(key.modulus.replace(/^00/, "")),
                publicExponent: bytes(key.publicExponent),
              });
        const publicKey = importPublicKey(id);
        for (const { tcId, comment, msg, sig, result, flags } of tests) {
          count++;
          // "acceptable" is a DigestInfo without NULL: old writers made it, RFC 8017 section 9.2 does not.
          const expected = result === "valid";
          if (verify(publicKey, bytes(msg), bytes(sig)) !== expected) wrong.push([tcId, comment, flags]);
        }
      }
      expect(wrong).toEqual([]);
      expect(count).toBeGreaterThan(100);
    });
  });
});
