import { ascii, concat, flip, vector16 } from "../make/bytes.ts";
import { ec, otherEc } from "../make/keys.ts";
import { type Binding, ecBinding, type Signing } from "../make/message-builder.ts";

export const spoil = (binding: Binding): Binding => ({ ...binding, signature: flip(binding.signature, -1) });
export const asReferred = (signing: Signing = {}) => ecBinding(otherEc, { ...signing, type: 1 });
export const provided = ecBinding(ec);
export const extension = concat(7, vector16(ascii("data")));
