import { randomBytes } from "node:crypto";
import { encodeTokenBindingID, type TokenBinding } from "@tokbind/codec";
import { generateKey, type TokenBindingKey } from "@tokbind/crypto";
import type { MessageVerifierOptions } from "@tokbind/message";
import { keys, makeBinding, message, provided, referred, spoil } from "@tokbind/testing/messages";
import { compare, ratioResult } from "./compare.ts";
import type { Result } from "./result.ts";
import { ekm, headerVerification, honest, type Verdict } from "./verification.ts";

/** What each kind of message that a stranger may send costs, beside the honest message of a known client. */
export async function refusalResults(): Promise<Result[]> {
  const fresh: TokenBinding[] = [];
  for (let i = 0; i < 64; i++) fresh.push(await bindingOf(await generateKey("ecdsap256")));
  const unknownType = await bindingOf(keys.otherEc, 77);
  const extensions = Array.from({ length: 3_700 }, () => ({
    extensionType: 9,
    extensionData: new Uint8Array(),
  }));

  const kinds: [
    name: string,
    verdict: Verdict,
    headers: string[],
    target: number,
    options?: MessageVerifierOptions,
  ][] = [
    ["no base64url", "base64url_character", [message(honest).replace(/.$/, "=")], 0.2],
    ["a frame that does not close", "truncated", [message(honest).slice(0, -2)], 0.5],
    ["87,384 characters of anything", "message_too_long", ["=".repeat(87_384)], 0.5],
    ["other key parameters", "key_parameters_mismatch", [message(await bindingOf(keys.pss))], 0.5],
    ["no provided binding", "provided_missing", [message(unknownType)], 0.5],
    ["64 provided bindings", "provided_repeated", [message(...Array<TokenBinding>(64).fill(honest))], 1],
    ["a point off the curve", "key_invalid", [message(offCurve(honest))], 1],
    ["a known key with a bad signature", "signature_invalid", [message(spoil(honest))], 2],
    [
      "a fresh key with a bad signature",
      "signature_invalid",
      fresh.map((binding) => message(spoil(binding))),
      2,
    ],
    ["a fresh RSA key with a bad signature beside a good one", "signature_invalid", freshRsa(honest, 16), 6],
    ["accepted: a fresh key", "new", fresh.map((binding) => message(binding)), 2, { maxKnownKeys: 1 }],
    [
      "accepted: 63 bindings of unknown type beside a good one",
      "known",
      [message(honest, ...manyOf(unknownType))],
      3,
    ],
    ["accepted: 3,700 extensions", "known", [message(honest, { ...unknownType, extensions })], 8],
    [
      "strict: 63 bindings of unknown type",
      "too_many_bindings",
      [message(honest, ...manyOf(unknownType))],
      1,
      { verifyUnknownTypes: true },
    ],
    [
      "strict: two of unknown type, the second bad",
      "signature_invalid",
      [message(honest, unknownType, spoil(unknownType))],
      6,
      { verifyUnknownTypes: true },
    ],
  ];
  const known = headerVerification([message(honest)], "known");
  const results: Result[] = [];
  for (const [name, verdict, headers, target, options] of kinds) {
    const work = headerVerification(headers, verdict, options);
    const comparison = await compare(work, known, { ours: 10, baseline: 10 }, 150);
    results.push(ratioResult(`${name}: cost of an honest message`, comparison, "lower", target));
  }
  return results;
}

function bindingOf(key: TokenBindingKey, type: number = provided): Promise<TokenBinding> {
  return makeBinding({ type, key, ekm });
}

const manyOf = (binding: TokenBinding) => Array<TokenBinding>(63).fill(binding);

function offCurve(binding: TokenBinding): TokenBinding {
  const point = binding.id.bytes.slice(4);
  point[63]! ^= 1;
  return { ...binding, id: encodeTokenBindingID(2, { kind: "ec", point }) };
}

/** Any odd number of 2048 bits passes for a modulus: nobody has to make a key. */
function freshRsa(honest: TokenBinding, count: number): string[] {
  return Array.from({ length: count }, () => {
    const modulus = randomBytes(256);
    modulus[0]! |= 0x80;
    modulus[255]! |= 1;
    const id = encodeTokenBindingID(1, { kind: "rsa", modulus, publicExponent: Uint8Array.of(1, 0, 1) });
    return message(honest, { type: referred, id, signature: randomBytes(256), extensions: [] });
  });
}
