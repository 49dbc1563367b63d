import { base64url } from "../make/bytes.ts";
import { ec, otherEc, rsa } from "../make/keys.ts";
import {
  type Binding,
  ecBinding,
  messageBytes,
  pkcs1Binding,
  unknownBinding,
} from "../make/message-builder.ts";
import type { VerificationGroup } from "./verification-case.ts";
import { asReferred, provided, spoil } from "./bindings-tools.ts";

export function counts(group: VerificationGroup): void {
  const refuse = (
    code: string,
    comment: string,
    flag: string,
    rows: string,
    bindings: Binding[],
    name?: string,
  ) => {
    group.refuse(code, comment, flag, rows, bindings, name ? { name } : {});
  };
  const one = "TBH-2-09 A-12";
  refuse(
    "provided_missing",
    "only a referred binding",
    "ProvidedCount",
    one,
    [asReferred()],
    "ping-onlyReferred",
  );
  refuse("provided_missing", "only a binding of unknown type", "ProvidedCount", one, [
    ecBinding(ec, { type: 77 }),
  ]);
  refuse("provided_missing", "a referred binding and one of unknown type", "ProvidedCount", one, [
    asReferred(),
    ecBinding(ec, { type: 77 }),
  ]);
  refuse("provided_missing", "the provided binding made a referred one", "ProvidedCount", one, [
    { ...provided, type: 1 },
  ]);
  refuse(
    "provided_repeated",
    "two provided bindings",
    "ProvidedCount",
    one,
    [provided, ecBinding(otherEc)],
    "ping-tooManyProvided-1",
  );
  refuse(
    "provided_repeated",
    "two provided bindings, one of them RSA",
    "ProvidedCount",
    one,
    [provided, pkcs1Binding(rsa)],
    "ping-tooManyProvided-2",
  );
  refuse("provided_repeated", "the same provided binding twice", "ProvidedCount", one, [provided, provided]);
  refuse("provided_repeated", "a bad provided binding after a good one", "ProvidedCount", one, [
    provided,
    spoil(ecBinding(otherEc)),
  ]);
  refuse("provided_repeated", "two provided bindings around a referred one", "ProvidedCount", one, [
    provided,
    asReferred(),
    ecBinding(otherEc),
  ]);
  refuse("provided_repeated", "a second provided binding of unknown key parameters", "ProvidedCount", one, [
    provided,
    unknownBinding(0),
  ]);
  const most = "TBH-2-11 A-13";
  refuse(
    "referred_repeated",
    "two referred bindings",
    "ReferredCount",
    most,
    [provided, asReferred(), ecBinding(ec, { type: 1 })],
    "ping-tooManyReferred",
  );
  refuse("referred_repeated", "the same referred binding twice", "ReferredCount", most, [
    provided,
    asReferred(),
    asReferred(),
  ]);
  refuse("referred_repeated", "a second referred binding of unknown key parameters", "ReferredCount", most, [
    provided,
    asReferred(),
    unknownBinding(1),
  ]);
  refuse("referred_repeated", "two referred bindings before the provided one", "ReferredCount", most, [
    asReferred(),
    asReferred(),
    provided,
  ]);
  refuse(
    "too_many_bindings",
    "400 provided bindings",
    "WorkBound ProvidedCount",
    one,
    Array<Binding>(400).fill(provided),
  );
  refuse("referred_repeated", "one provided and 60 referred bindings", "WorkBound ReferredCount", most, [
    provided,
    ...Array<Binding>(60).fill(asReferred()),
  ]);
  group.refuse("empty_message", "no binding", "ProvidedCount", "TBP-4.2-06", [], {
    message: base64url(messageBytes()),
  });
  const copies = Array<Binding>(30).fill(spoil(ecBinding(otherEc, { type: 77 })));
  group.accept("30 bindings of unknown type", "WorkBound UnknownType", "TBP-3-21 TBP-3.1-03", [
    provided,
    ...copies,
  ]);
}
