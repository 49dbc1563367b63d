import type { KeyParameters } from "@tokbind/codec";
import { ecSigner, named, rsaSigner, sign, smallSSigner } from "./keys.ts";
import { join } from "./bytes.ts";
import { type Binding, type MessageTree, vector } from "./message-tree.ts";

/** A message that is accepted on a connection. */
export interface ValidMessage {
  readonly tree: MessageTree;
  readonly ekm: Uint8Array;
  readonly keyParameters: KeyParameters;
}

const provided = 0;
const referred = 1;
const unknownType = 77;

export const keyParametersNames = ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"] as const;

/** Valid messages of every kind; what the mutants are made of. The same in every run. */
export function validMessages(): ValidMessage[] {
  const ekm = named("EKM");
  const ec = ecSigner(named("key"));
  const otherEc = ecSigner(named("other key"));
  const smallS = smallSSigner(join(Uint8Array.of(provided, 2), ekm));
  const rsa = [rsaSigner(0, 65537n), rsaSigner(1, 65537n), rsaSigner(0, 3n), rsaSigner(1, 3n)] as const;

  const asProvided = [ec, smallS, ...rsa].map((signer) => sign(provided, signer, ekm));
  const asReferred = [otherEc, ec, ...rsa].map((signer) => sign(referred, signer, ekm));
  const others = [otherEc, ...rsa].map((signer) => sign(unknownType, signer, ekm));
  const [good] = asProvided as [Binding];
  const [goodReferred] = asReferred as [Binding];
  const [other] = others as [Binding];

  const messages = [
    ...asProvided.map((binding) => [binding]),
    ...asReferred.map((binding) => [good, binding]),
    ...asProvided.map((binding) => [goodReferred, binding]),
    ...others.map((binding) => [good, binding]),
    [good, unregistered(referred, 80)],
    [unregistered(unknownType, 0), good, unregistered(255, 1)],
    [extended(good, [[0, 0]]), extended(goodReferred, [[200, 5], ...repeated<[number, number]>(9, [0, 0])])],
    [good, extended(goodReferred, [[9, 1000]]), extended(unregistered(2, 300), [[255, 1]])],
    [good, goodReferred, ...repeated(6, other)],
    [good, ...repeated(63, other)],
  ];
  return messages.map((bindings) => ({
    tree: { bindings, lie: 0 },
    ekm,
    keyParameters: keyParametersNames[bindings.find(({ type }) => type === provided)!.keyParameters]!,
  }));
}

/** A binding of unregistered key parameters, whose key and signature cannot be verified. */
function unregistered(type: number, keyLength: number): Binding {
  return {
    type,
    keyParameters: 99,
    key: vector(2, new Uint8Array(keyLength).fill(1)),
    signature: vector(2, new Uint8Array(64).fill(2)),
    extensions: vector(2),
  };
}

/** The binding with extensions of these types and lengths. */
function extended(
  binding: Binding,
  extensions: readonly (readonly [type: number, length: number])[],
): Binding {
  const parts = extensions.flatMap(([type, length]) => [
    Uint8Array.of(type),
    vector(2, new Uint8Array(length).fill(3)),
  ]);
  return { ...binding, extensions: vector(2, ...parts) };
}

function repeated<T>(times: number, value: T): T[] {
  return new Array<T>(times).fill(value);
}
