import { bindingsNotes } from "./bindings-notes.ts";
import { ecJwk } from "../make/ec.ts";
import { ec, otherEc, otherRsa, rsa } from "../make/keys.ts";
import { rsaJwk } from "../make/rsa.ts";
import { VerificationGroup } from "./verification-case.ts";
import { counts } from "./bindings-counts.ts";
import { extensions, unknownTypes } from "./bindings-ignored.ts";
import { referredBindings } from "./bindings-referred.ts";

export function verificationBindings(): VerificationGroup {
  const group = new VerificationGroup(5001, "ecdsap256", {
    header:
      "Verification of messages with several bindings (RFC 8471 sections 3.1 and 4.2, RFC 8473 sections 2 and 5).",
    notes: bindingsNotes,
    keys: { ec: ecJwk(ec), otherEc: ecJwk(otherEc), rsa: rsaJwk(rsa), otherRsa: rsaJwk(otherRsa) },
  });
  counts(group);
  referredBindings(group);
  unknownTypes(group);
  extensions(group);
  return group;
}
