import { randomBytes } from "node:crypto";
import {
  encodeBase64url,
  encodeTokenBindingMessage,
  keyParametersCodes,
  signedData,
  type TB_Extension,
  type TokenBinding,
  tokenBindingTypes,
} from "@tokbind/codec";
import { generateKey, sign, type TokenBindingKey } from "@tokbind/crypto";

export const { provided, referred } = tokenBindingTypes;

/** What a binding says, and what its signature is really made over. */
export interface BindingRecipe {
  readonly type: number;
  readonly key: TokenBindingKey;
  readonly ekm: Uint8Array;
  /** Sign for another type. */
  readonly signedType?: number;
  readonly extensions?: readonly TB_Extension[];
}

export async function makeBinding(recipe: BindingRecipe): Promise<TokenBinding> {
  const code = keyParametersCodes[recipe.key.keyParameters];
  const data = signedData(recipe.signedType ?? recipe.type, code, recipe.ekm);
  return {
    type: recipe.type,
    id: recipe.key.id,
    signature: await sign(recipe.key, data),
    extensions: recipe.extensions ?? [],
  };
}

/** A message as a Sec-Token-Binding value. */
export function message(...tokenBindings: TokenBinding[]): string {
  return encodeBase64url(encodeTokenBindingMessage({ tokenBindings }));
}

/** A binding of key parameters that are not registered. */
export function opaqueBinding(type: number): TokenBinding {
  const bytes = Uint8Array.of(99, 0, 80, ...randomBytes(80));
  return {
    type,
    id: { keyParameters: 99, publicKey: { kind: "opaque", bytes: bytes.subarray(3) }, bytes },
    signature: randomBytes(64),
    extensions: [],
  };
}

/** Flips one bit of a signature. */
export function spoil(binding: TokenBinding): TokenBinding {
  const signature = Uint8Array.from(binding.signature);
  signature[signature.length - 1]! ^= 1;
  return { ...binding, signature };
}

export const keys = {
  ec: await generateKey("ecdsap256"),
  otherEc: await generateKey("ecdsap256"),
  pss: await generateKey("rsa2048_pss"),
  pkcs1: await generateKey("rsa2048_pkcs1.5"),
};
