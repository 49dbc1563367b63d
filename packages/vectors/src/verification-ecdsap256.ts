import { ecJwk } from "./ec.ts";
import { ec, otherEc, rsa } from "./keys.ts";
import { rsaJwk } from "./rsa.ts";
import { VerificationGroup } from "./verification-case.ts";
import { pick } from "./verification-notes.ts";
import { accepted } from "./ecdsap256-accepted.ts";
import { points } from "./ecdsap256-points.ts";
import { signatures } from "./ecdsap256-signatures.ts";
import { wrongData } from "./ecdsap256-signed-data.ts";

export function verificationEcdsap256(): VerificationGroup {
  const group = new VerificationGroup(2001, "ecdsap256", {
    header:
      "Verification (RFC 8471 section 4.2) of a message with one provided binding of key parameters ecdsap256. Unless the comment says otherwise only one thing is wrong.",
    notes: pick(
      "Ordinary",
      "WrongEkm",
      "WrongType",
      "WrongParameters",
      "WrongSignedData",
      "WrongHash",
      "WrongKey",
      "NotNegotiated",
      "ModifiedSignature",
      "SignatureSize",
      "SignatureEncoding",
      "SignatureRange",
      "HighS",
      "ArithmeticEdge",
      "InvalidPoint",
      "PointEncoding",
      "WrongCurve",
      "LeadingZero",
    ),
    keys: { ec: ecJwk(ec), otherEc: ecJwk(otherEc), rsa: rsaJwk(rsa) },
  });
  accepted(group);
  wrongData(group);
  signatures(group);
  points(group);
  return group;
}
