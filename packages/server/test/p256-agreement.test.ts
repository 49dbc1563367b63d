import { readdirSync, readFileSync } from "node:fs";
import {
  decodeTokenBindingMessage,
  encodeTokenBindingID,
  type KeyParameters,
  type TokenBinding,
  TokenBindingError,
} from "@tokbind/codec";
import { MessageVerifier, type TokenBindingConnection } from "@tokbind/message";
import { keys, makeBinding, provided } from "@tokbind/testing/messages";
import { verifyP256 } from "@tokbind/tls/p256";
import fc from "fast-check";
import { expect, test } from "vitest";

/** What a server's verifier says, which has OpenSSL called directly, and what @tokbind/crypto says by itself. */
const direct = new MessageVerifier({ verifyP256 });
const plain = new MessageVerifier();

function verdict(verifier: MessageVerifier, make: () => TokenBinding[], connection: TokenBindingConnection) {
  try {
    return verifier.verify({ tokenBindings: make() }, connection).provided?.tbh ?? "no provided binding";
  } catch (error) {
    if (error instanceof TokenBindingError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function agreedVerdict(make: () => TokenBinding[], connection: TokenBindingConnection): string {
  const said = verdict(direct, make, connection);
  expect(said).toBe(verdict(plain, make, connection));
  return said;
}

interface Vector {
  readonly ekm: string;
  readonly negotiated: KeyParameters;
  readonly message: string;
  readonly result: "valid" | "invalid";
}

const folder = new URL("../../../test-vectors/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.startsWith("verification-"));

test.each(files)("both say the same of %s", (file) => {
  const { tests } = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as { tests: Vector[] };
  expect(tests.length).toBeGreaterThan(10);
  for (const { ekm, negotiated, message, result } of tests) {
    const connection = { ekm: Buffer.from(ekm, "hex"), keyParameters: negotiated };
    const make = () => [...decodeTokenBindingMessage(Buffer.from(message, "base64url")).tokenBindings];
    const said = agreedVerdict(make, connection);
    if (result === "valid") expect(said).not.toContain(":");
  }
});

const connection = { ekm: new Uint8Array(32).fill(7), keyParameters: "ecdsap256" } as const;
const honest = await makeBinding({ type: provided, key: keys.ec, ekm: connection.ekm });

test("both say the same of mutants of a key and its signature", () => {
  const { point } = honest.id.publicKey as { point: Uint8Array };
  fc.assert(
    fc.property(fc.nat(127), fc.nat(255), (at, by) => {
      const changed = Uint8Array.of(...point, ...honest.signature);
      changed[at]! ^= by;
      const id = encodeTokenBindingID(2, { kind: "ec", point: changed.subarray(0, 64) });
      const said = agreedVerdict(() => [{ ...honest, id, signature: changed.subarray(64) }], connection);
      const expected = by === 0 ? /^[^:]+$/ : at < 64 ? /^key_invalid: / : /^signature_invalid: /;
      expect(said).toMatch(expected);
    }),
    { numRuns: 500 },
  );
});

test.each([0, 1, 63, 65, 72])("both say the same of a signature of %i bytes", (length) => {
  const signature = new Uint8Array(length).fill(1);
  expect(agreedVerdict(() => [{ ...honest, signature }], connection)).toMatch(/^signature_invalid: /);
});
