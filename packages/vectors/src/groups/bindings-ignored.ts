import { concat, fill, flip, vector16 } from "../make/bytes.ts";
import { signEc } from "../make/ec.ts";
import { codes, ec, ekm, otherEc, signedData } from "../make/keys.ts";
import { ecBinding, unknownBinding } from "../make/message-builder.ts";
import type { VerificationGroup } from "./verification-case.ts";
import { asReferred, extension, provided, spoil } from "./bindings-tools.ts";

export function unknownTypes(group: VerificationGroup): void {
  const rows = "TBP-3.1-03 TBH-2-12 A-03";
  const unknown = (type: number) => ecBinding(otherEc, { type });
  group.accept("a good binding of unknown type", "UnknownType", rows, [provided, unknown(77)], {
    name: "ping-validSigWithAnUnknownTokenBindingType",
  });
  group.accept("a bad binding of unknown type", "UnknownType", rows, [provided, spoil(unknown(77))], {
    name: "ping-invalidSigWithAnUnknownTokenBindingType",
  });
  group.accept("two bindings of unknown types", "UnknownType", rows, [provided, unknown(77), unknown(11)], {
    name: "derived-ec-two-unknown-types",
  });
  group.accept("two bindings of the same unknown type", "UnknownType", rows, [
    provided,
    unknown(77),
    ecBinding(ec, { type: 77 }),
  ]);
  group.accept(
    "a binding of unknown type and unknown key parameters",
    "UnknownType",
    `${rows} TBP-3.1-04`,
    [provided, unknownBinding(77)],
    { name: "ping-providedECDSAP256AndUnknownUnknown" },
  );
  group.accept("a binding of unknown type first", "UnknownType Order", rows, [unknown(2), provided]);
  group.accept("a binding of type 255", "UnknownType", rows, [provided, unknown(255)]);
  group.accept("unknown types around provided and referred", "UnknownType Order", rows, [
    unknown(2),
    provided,
    unknown(3),
    asReferred(),
    unknown(4),
  ]);
  const off = { ...unknown(77), id: flip(unknown(77).id, -1) };
  group.accept("a binding of unknown type with a point off the curve", "UnknownType", rows, [provided, off]);
  group.accept("a binding of unknown type with the signature of a provided one", "UnknownType", rows, [
    provided,
    { ...ecBinding(otherEc), type: 77 },
  ]);
  group.refuse(
    "signature_invalid",
    "a bad provided binding and a good one of unknown type",
    "InvalidProvided UnknownType",
    "TBP-4.2-07 A-01",
    [spoil(provided), unknown(77)],
  );
  group.refuse(
    "signature_invalid",
    "a bad referred binding and one of unknown type",
    "InvalidReferred UnknownType",
    "TBP-4.2-07 A-01",
    [provided, spoil(asReferred()), unknown(77)],
  );
  const strict = { verifyUnknownTypes: true };
  group.accept(
    "strict: a good binding of unknown type",
    "StrictUnknownType",
    "A-03",
    [provided, unknown(77)],
    strict,
  );
  group.accept(
    "strict: a binding of unknown type and unknown key parameters",
    "StrictUnknownType",
    "A-03",
    [provided, unknownBinding(77)],
    strict,
  );
  group.refuse(
    "signature_invalid",
    "strict: a bad binding of unknown type",
    "StrictUnknownType",
    "A-03",
    [provided, spoil(unknown(77))],
    strict,
  );
  group.refuse(
    "signature_invalid",
    "strict: the second binding of unknown type is bad",
    "StrictUnknownType",
    "A-03",
    [provided, unknown(77), spoil(unknown(78))],
    strict,
  );
  group.refuse(
    "signature_invalid",
    "strict: signed as a provided binding",
    "StrictUnknownType",
    "A-03",
    [provided, { ...ecBinding(otherEc), type: 77 }],
    strict,
  );
  group.refuse(
    "key_invalid",
    "strict: a point off the curve",
    "StrictUnknownType",
    "A-03",
    [provided, off],
    strict,
  );
}

export function extensions(group: VerificationGroup): void {
  const rows = "TBP-3.4-02 TBP-4.2-08";
  const with_ = (bytes: Uint8Array) => ({ ...provided, extensions: bytes });
  group.accept("an unknown extension", "Extension", `${rows} TBP-3.4-01`, [with_(extension)], {
    name: "derived-ec-unknown-extension",
  });
  group.accept("the same with another byte: not covered by the signature", "Extension", rows, [
    with_(flip(extension, -1)),
  ]);
  group.accept("two extensions without data", "Extension", rows, [with_(concat(1, 0, 0, 2, 0, 0))], {
    name: "derived-ec-two-empty-extensions",
  });
  group.accept("an extension of 1000 bytes", "Extension", rows, [
    with_(concat(255, vector16(fill(1000, 0xee)))),
  ]);
  group.accept("an extension of the referred binding", "Extension", rows, [
    provided,
    { ...asReferred(), extensions: extension },
  ]);
  group.accept("an extension of a binding of unknown type", "Extension UnknownType", rows, [
    provided,
    { ...ecBinding(otherEc, { type: 77 }), extensions: extension },
  ]);
  const covered = concat(signedData(0, codes.ecdsap256, ekm), extension);
  group.refuse("signature_invalid", "a signature that covers the extension too", "Extension", "TBP-3.4-02", [
    { ...with_(extension), signature: signEc(ec, covered) },
  ]);
  group.refuse("truncated", "extensions that do not close", "Extension", "A-06", [with_(concat(1, 0, 9, 1))]);
}
