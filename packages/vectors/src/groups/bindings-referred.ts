import { concat, flip } from "../make/bytes.ts";
import { ec, otherEc, otherEkm, otherRsa, rsa } from "../make/keys.ts";
import {
  type Binding,
  ecBinding,
  pkcs1Binding,
  pssBinding,
  unknownBinding,
} from "../make/message-builder.ts";
import type { VerificationGroup } from "./verification-case.ts";
import { asReferred, provided, spoil } from "./bindings-tools.ts";

export function referredBindings(group: VerificationGroup): void {
  const rows = "TBP-3-15 TBP-4.2-09";
  group.accept("provided and referred", "Ordinary", rows, [provided, asReferred()]);
  group.accept("referred before provided", "Order", "TBP-3-21", [asReferred(), provided], {
    name: "derived-ec-referred-before-provided",
  });
  group.accept(
    "provided and referred binding of one key",
    "SameKey",
    "TBH-5.3-05 TBP-3.2-01",
    [provided, ecBinding(ec, { type: 1 })],
    { name: "derived-ec-provided-and-referred-same-key" },
  );
  group.accept(
    "an rsa2048_pss key is referred",
    "ReferredParameters",
    "TBP-4.1-08 TBP-4.2-05 TBH-5.4-02",
    [provided, pssBinding(rsa, { type: 1 })],
    { name: "derived-ec-provided-rsa-referred" },
  );
  group.accept("an rsa2048_pkcs1.5 key is referred", "ReferredParameters", "TBP-4.2-05 TBH-5.4-02", [
    provided,
    pkcs1Binding(rsa, { type: 1 }),
  ]);
  group.accept(
    "an ecdsap256 key is referred where rsa2048_pss was negotiated",
    "ReferredParameters",
    "TBP-4.2-05 TBH-5.4-02",
    [pssBinding(rsa), asReferred()],
    { negotiated: "rsa2048_pss" },
  );
  group.accept(
    "an rsa2048_pss key is referred where rsa2048_pkcs1.5 was negotiated",
    "ReferredParameters",
    "TBP-4.2-05",
    [pkcs1Binding(rsa), pssBinding(otherRsa, { type: 1 })],
    { negotiated: "rsa2048_pkcs1.5" },
  );
  group.accept(
    "one RSA key for both schemes: two IDs",
    "SameKey",
    "TBP-3.2-01",
    [pkcs1Binding(rsa), pssBinding(rsa, { type: 1 })],
    { negotiated: "rsa2048_pkcs1.5" },
  );

  const refuse = (code: string, comment: string, flag: string, bindings: Binding[], name?: string) => {
    group.refuse(code, comment, flag, "TBP-4.2-07 TBH-7.3-01 A-01", bindings, name ? { name } : {});
  };
  refuse(
    "signature_invalid",
    "a bad referred binding after a good provided one",
    "InvalidReferred",
    [provided, spoil(asReferred())],
    "ping-providedECDSAP256AndInvalidReferred",
  );
  refuse("signature_invalid", "a bad referred binding before a good provided one", "InvalidReferred", [
    spoil(asReferred()),
    provided,
  ]);
  refuse(
    "signature_invalid",
    "a bad provided binding before a good referred one",
    "InvalidProvided",
    [spoil(provided), asReferred()],
    "ping-invalidProvidedWithReferred",
  );
  refuse("signature_invalid", "a good referred binding before a bad provided one", "InvalidProvided", [
    asReferred(),
    spoil(provided),
  ]);
  refuse("signature_invalid", "both bad", "InvalidProvided InvalidReferred", [
    spoil(provided),
    spoil(asReferred()),
  ]);
  refuse(
    "signature_invalid",
    "a referred binding over the EKM of the other server's connection",
    "InvalidReferred",
    [provided, asReferred({ over: otherEkm })],
  );
  refuse("signature_invalid", "a referred binding signed as a provided one", "InvalidReferred", [
    provided,
    { ...ecBinding(otherEc), type: 1 },
  ]);
  refuse("signature_invalid", "the provided binding repeated as a referred one", "InvalidReferred", [
    provided,
    { ...provided, type: 1 },
  ]);
  refuse("signature_invalid", "signatures exchanged", "MixedUp", [
    { ...provided, signature: asReferred().signature },
    { ...asReferred(), signature: provided.signature },
  ]);
  refuse("signature_invalid", "IDs exchanged", "MixedUp", [
    { ...provided, id: asReferred().id },
    { ...asReferred(), id: provided.id },
  ]);
  refuse("signature_invalid", "types exchanged", "MixedUp", [
    { ...provided, type: 1 },
    { ...asReferred(), type: 0 },
  ]);
  refuse("signature_invalid", "a bad rsa2048_pss referred binding", "InvalidReferred", [
    provided,
    spoil(pssBinding(rsa, { type: 1 })),
  ]);
  refuse("signature_invalid", "a bad rsa2048_pkcs1.5 referred binding", "InvalidReferred", [
    provided,
    spoil(pkcs1Binding(rsa, { type: 1 })),
  ]);
  refuse("key_invalid", "a referred point off the curve", "InvalidReferred", [
    provided,
    { ...asReferred(), id: flip(asReferred().id, -1) },
  ]);
  refuse("key_invalid", "a referred RSA key with an even modulus", "InvalidReferred", [
    provided,
    { ...pssBinding(rsa, { type: 1 }), id: flip(pssBinding(rsa).id, 260) },
  ]);
  const swap = { ...pssBinding(rsa, { type: 1 }), id: concat(0, pssBinding(rsa).id.subarray(1)) };
  refuse("signature_invalid", "a referred rsa2048_pss binding called rsa2048_pkcs1.5", "InvalidReferred", [
    provided,
    swap,
  ]);
  group.refuse(
    "key_parameters_mismatch",
    "the negotiated key parameters only in the referred binding",
    "InvalidProvided",
    "TBP-4.2-03 TBP-4.2-05",
    [pssBinding(rsa), asReferred()],
  );

  const unknown = "TBH-5.4-03 A-04";
  group.accept(
    "a referred binding of unknown key parameters",
    "UnknownParameters",
    unknown,
    [provided, unknownBinding(1)],
    { name: "ping-providedECDSAP256AndUnknownReferred" },
  );
  group.accept("a referred binding of key parameters 3", "UnknownParameters", unknown, [
    provided,
    unknownBinding(1, 3),
  ]);
  group.accept(
    "a referred binding of key parameters 255 before the provided one",
    "UnknownParameters Order",
    unknown,
    [unknownBinding(1, 255), provided],
  );
  refuse(
    "signature_invalid",
    "a bad provided binding with a referred one of unknown key parameters",
    "InvalidProvided UnknownParameters",
    [spoil(provided), unknownBinding(1)],
  );
  group.refuse(
    "key_parameters_mismatch",
    "a provided binding of unknown key parameters",
    "UnknownParameters",
    "TBP-4.2-03",
    [unknownBinding(0), asReferred()],
  );
}
