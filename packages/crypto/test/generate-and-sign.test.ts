import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { type KeyParameters, keyParametersCodes, TokenBindingError } from "@tokbind/codec";
import { beforeAll, describe, expect, test } from "vitest";
import { backends } from "./backends.ts";
import { allKeyParameters } from "./keys.ts";
import type { TokenBindingKey } from "../src/types.ts";

const data = new Uint8Array(randomBytes(34));

describe.each(backends)("%s", (_, backend) => {
  describe.each(allKeyParameters)("%s", (keyParameters) => {
    let key: TokenBindingKey;
    let signature: Uint8Array;
    beforeAll(async () => {
      key = await backend.generateKey(keyParameters);
      signature = await backend.sign(key, data);
    });

    test("[TBP-3-19] the ID of a generated key has its code and its size", () => {
      expect(key.keyParameters).toBe(keyParameters);
      expect(key.id.keyParameters).toBe(keyParametersCodes[keyParameters]);
      expect(key.id.bytes).toHaveLength(keyParameters === "ecdsap256" ? 68 : 265);
    });

    test("[TBP-3.3-01] [TBP-3.3-02] [TBP-3.3-05] signatures have 64 bytes for EC and 256 for RSA", () => {
      expect(signature).toHaveLength(keyParameters === "ecdsap256" ? 64 : 256);
      expect(signature.constructor).toBe(Uint8Array);
    });

    test.each(backends)("verified by %s, and over no other data", (_, verifier) => {
      const publicKey = verifier.importPublicKey(key.id);
      expect(publicKey.keyParameters).toBe(keyParameters);
      expect(verifier.verify(publicKey, data, signature)).toBe(true);
      const other = data.map((byte, i) => (i === 33 ? byte ^ 1 : byte));
      expect(verifier.verify(publicKey, other, signature)).toBe(false);
      expect(verifier.verify(publicKey, data.subarray(1), signature)).toBe(false);
    });

    test("[TBP-4.1-03] the private half of a key does not come out unless it was asked for", async () => {
      expect(key).not.toHaveProperty("exportJwk");
      await expect(backend.exportPrivateJwk(key)).rejects.toMatchObject({ code: "invalid_argument" });
      await expect(backend.exportPkcs8(key)).rejects.toMatchObject({ code: "invalid_argument" });
      expect(inspect(key, { depth: null, showHidden: true })).not.toMatch(/KeyObject|CryptoKey/);
    });
  });

  test("unknown key parameters are refused with a list of the known ones", async () => {
    const unknown = "ecdsap384" as KeyParameters;
    await expect(backend.generateKey(unknown)).rejects.toThrow(TokenBindingError);
    await expect(backend.generateKey(unknown)).rejects.toThrow(
      "expected rsa2048_pkcs1.5, rsa2048_pss, ecdsap256, got",
    );
  });
});
