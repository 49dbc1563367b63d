import { join } from "./bytes.ts";

/** A vector of TLS presentation language whose length prefix may lie. */
export interface Vector {
  readonly prefix: 1 | 2;
  parts: (Uint8Array | Vector)[];
  /** Added to the length in the prefix, modulo what it can hold. */
  lie: number;
}

/** A TokenBinding in pieces that can be exchanged. */
export interface Binding {
  type: number;
  keyParameters: number;
  key: Vector;
  signature: Vector;
  extensions: Vector;
}

/** A message as a vector of bindings. */
export interface MessageTree {
  bindings: Binding[];
  lie: number;
}

export function vector(prefix: 1 | 2, ...parts: readonly (Uint8Array | Vector)[]): Vector {
  return { prefix, parts: [...parts], lie: 0 };
}

/** The bytes of a tree; lengths are true unless they were told to lie. */
export function serialise({ bindings, lie }: MessageTree): Uint8Array {
  const content = bindings.flatMap(bindingPieces);
  return join(lengthPrefix(2, content, lie), ...content);
}

/** The bytes of a TokenBindingID. */
export function idBytes({ keyParameters, key }: Binding): Uint8Array {
  return join(Uint8Array.of(keyParameters), ...pieces(key));
}

/** A copy that can be edited; byte strings are shared, and replaced instead of written to. */
export function copyTree({ bindings, lie }: MessageTree): MessageTree {
  return { bindings: bindings.map(copyBinding), lie };
}

export function copyBinding(binding: Binding): Binding {
  const { key, signature, extensions } = binding;
  return {
    ...binding,
    key: copyVector(key),
    signature: copyVector(signature),
    extensions: copyVector(extensions),
  };
}

export function copyVector(vector: Vector): Vector {
  const parts = vector.parts.map((part) => (part instanceof Uint8Array ? part : copyVector(part)));
  return { ...vector, parts };
}

/** Every vector of a binding, the inner ones included. */
export function vectorsOf({ key, signature, extensions }: Binding): Vector[] {
  return [key, signature, extensions].flatMap(withInner);
}

function withInner(vector: Vector): Vector[] {
  return [vector, ...vector.parts.flatMap((part) => (part instanceof Uint8Array ? [] : withInner(part)))];
}

function bindingPieces({ type, keyParameters, key, signature, extensions }: Binding): Uint8Array[] {
  return [Uint8Array.of(type, keyParameters), ...[key, signature, extensions].flatMap(pieces)];
}

function pieces({ prefix, parts, lie }: Vector): Uint8Array[] {
  const content = parts.flatMap((part) => (part instanceof Uint8Array ? part : pieces(part)));
  return [lengthPrefix(prefix, content, lie), ...content];
}

function lengthPrefix(prefix: 1 | 2, content: readonly Uint8Array[], lie: number): Uint8Array {
  const length = content.reduce((sum, { length }) => sum + length, lie);
  return prefix === 1 ? Uint8Array.of(length) : Uint8Array.of(length >> 8, length);
}
