import type { OptionRule } from "@tokbind/codec/options";
import type { TokenBindingKeyStore } from "../keys/token-binding-key-store.ts";

export const isKeyStore: OptionRule = {
  expected: "an object with get, delete and clear",
  test: (value) => {
    const { get, delete: remove, clear } = Object(value) as Partial<TokenBindingKeyStore>;
    return [get, remove, clear].every((method) => typeof method === "function");
  },
};
