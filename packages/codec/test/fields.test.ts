import { expect, test } from "vitest";
import {
  decodeTokenBindingID,
  decodeTokenBindingMessage,
  decodeTokenBindingParameters,
  type FieldObserver,
} from "../src/index.ts";

/** What an observer hears: field, start and end. */
function observed(decode: (observe: FieldObserver) => unknown): string[] {
  const heard: string[] = [];
  try {
    decode((field, start, end) => heard.push(`${start}-${end} ${field}`));
  } catch {
    heard.push("broken");
  }
  return heard;
}

const zeros = (length: number) => new Array<number>(length).fill(0);

test("[TBP-3-11] [TBP-3-17] [TBP-3-18] the fields of an ecdsap256 binding with an extension and an empty one", () => {
  const content = [0, 2, 0, 65, 64, ...zeros(64), 0, 64, ...zeros(64), 0, 8, 9, 0, 2, 1, 2, 7, 0, 0];
  const message = Uint8Array.of(0, content.length, ...content);
  expect(observed((observe) => decodeTokenBindingMessage(message, { observe }))).toEqual([
    "0-2 TokenBindingMessage.tokenbindings length",
    "2-3 TokenBinding.tokenbinding_type",
    "3-4 TokenBindingID.key_parameters",
    "4-6 TokenBindingID.key length",
    "6-7 TB_ECPoint.point length",
    "7-71 TB_ECPoint.point",
    "71-73 TokenBinding.signature length",
    "73-137 TokenBinding.signature",
    "137-139 TokenBinding.extensions length",
    "139-140 TB_Extension.extension_type",
    "140-142 TB_Extension.extension_data length",
    "142-144 TB_Extension.extension_data",
    "144-145 TB_Extension.extension_type",
    "145-147 TB_Extension.extension_data length",
  ]);
});

test("[TBP-3-12] [TBP-3-16] [TBP-3.1-04] the fields of other IDs", () => {
  const fields = (...bytes: number[]) =>
    observed((observe) => decodeTokenBindingID(Uint8Array.from(bytes), observe));
  const idFields = ["0-1 TokenBindingID.key_parameters", "1-3 TokenBindingID.key length"];
  for (const rsa of [0, 1]) {
    expect(fields(rsa, 0, 8, 0, 2, 9, 9, 3, 1, 0, 1)).toEqual([
      ...idFields,
      "3-5 RSAPublicKey.modulus length",
      "5-7 RSAPublicKey.modulus",
      "7-8 RSAPublicKey.publicexponent length",
      "8-11 RSAPublicKey.publicexponent",
    ]);
  }
  expect(fields(3, 0, 2, 5, 5)).toEqual([...idFields, "3-5 TokenBindingID.key"]);
  expect(fields(255, 0, 0)).toEqual(idFields);
});

test("[TBN-2-02] [TBN-2-03] the fields of an extension body", () => {
  const fields = (...bytes: number[]) =>
    observed((observe) => decodeTokenBindingParameters(Uint8Array.from(bytes), observe));
  const all = [
    "0-1 TB_ProtocolVersion.major",
    "1-2 TB_ProtocolVersion.minor",
    "2-3 TokenBindingParameters.key_parameters_list length",
    "3-5 TokenBindingParameters.key_parameters_list",
  ];
  expect(fields(1, 0, 2, 2, 1)).toEqual(all);
  // What breaks has not been read.
  expect(fields(1, 0, 2, 2)).toEqual([...all.slice(0, 3), "broken"]);
  expect(fields(1)).toEqual([all[0], "broken"]);
});
