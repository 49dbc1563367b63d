import { randomBytes } from "node:crypto";
import { encodeTokenBindingID, type KeyParameters, type TokenBindingID } from "@tokbind/codec";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { backends, type Package } from "./backends.ts";
import { allKeyParameters } from "./keys.ts";
import { mutate, type Mutation, mutation } from "./mutation.ts";

const [, node] = backends[0]!;
const [, portable] = backends[1]!;
const data = new Uint8Array(randomBytes(34));

/** What one backend says of a key and a signature: a verdict, or the code of the error. */
function verdict(backend: Package, id: TokenBindingID, signed: Uint8Array, signature: Uint8Array): unknown {
  try {
    return backend.verify(backend.importPublicKey(id), signed, signature);
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

function expectAgreement(id: TokenBindingID, signed: Uint8Array, signature: Uint8Array): unknown {
  const first = verdict(node, id, signed, signature);
  expect(verdict(portable, id, signed, signature)).toBe(first);
  expect([true, false, "key_invalid"]).toContain(first);
  return first;
}

describe.each(allKeyParameters)("both backends agree: %s", (keyParameters: KeyParameters) => {
  let id: TokenBindingID;
  let signature: Uint8Array;
  beforeAll(async () => {
    const key = await node.generateKey(keyParameters);
    id = key.id;
    signature = await node.sign(key, data);
  });

  test("on mutants of a good signature, none of which is accepted", () => {
    expect(expectAgreement(id, data, signature)).toBe(true);
    fc.assert(
      fc.property(mutation, (change) => {
        const mutant = mutate(signature, change);
        const isSame = Buffer.from(mutant).equals(signature);
        expect(expectAgreement(id, data, mutant)).toBe(isSame);
      }),
      { numRuns: 300 },
    );
  });

  test("on mutants of the public key", () => {
    fc.assert(
      fc.property(mutation, fc.boolean(), (change, inExponent) => {
        expectAgreement(mutateKey(id, change, inExponent), data, signature);
      }),
      { numRuns: 300 },
    );
  });

  test("on random signatures and random data", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.uint8Array({ minLength: signature.length, maxLength: signature.length }),
        (other, random) => {
          expect(expectAgreement(id, other, random)).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
  });
});

function mutateKey(id: TokenBindingID, change: Mutation, inExponent: boolean): TokenBindingID {
  const key = id.publicKey;
  const atLeastOne = (bytes: Uint8Array) => (bytes.length === 0 ? new Uint8Array(1) : bytes);
  if (key.kind === "ec") {
    return encodeTokenBindingID(id.keyParameters, {
      kind: "ec",
      point: atLeastOne(mutate(key.point, change)),
    });
  }
  if (key.kind !== "rsa") throw new Error("an opaque key");
  const [modulus, publicExponent] = inExponent
    ? [key.modulus, atLeastOne(mutate(key.publicExponent, change))]
    : [atLeastOne(mutate(key.modulus, change)), key.publicExponent];
  return encodeTokenBindingID(id.keyParameters, { kind: "rsa", modulus, publicExponent });
}
