import { ecJwk } from "../make/ec.ts";
import { ec, otherEc, rsa } from "../make/keys.ts";
import { rsaJwk } from "../make/rsa.ts";
import { oneBindingGroup, type VerificationGroup } from "./verification-case.ts";
import { accepted } from "./ecdsap256-accepted.ts";
import { points } from "./ecdsap256-points.ts";
import { signatures } from "./ecdsap256-signatures.ts";
import { wrongData } from "./ecdsap256-signed-data.ts";

export function verificationEcdsap256(): VerificationGroup {
  const keys = { ec: ecJwk(ec), otherEc: ecJwk(otherEc), rsa: rsaJwk(rsa) };
  const group = oneBindingGroup(
    2001,
    "ecdsap256",
    keys,
    "HighS",
    "ArithmeticEdge",
    "InvalidPoint",
    "PointEncoding",
    "WrongCurve",
    "LeadingZero",
  );
  accepted(group);
  wrongData(group);
  signatures(group);
  points(group);
  return group;
}
