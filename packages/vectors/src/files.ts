import { boundCookie } from "./groups/bound-cookie.ts";
import { format } from "./format.ts";
import { headerGroup } from "./groups/header.ts";
import { idGroup } from "./groups/id.ts";
import { messageGroup } from "./groups/message.ts";
import { negotiationAnswer } from "./groups/negotiation-answer.ts";
import { negotiationBody } from "./groups/negotiation-body.ts";
import { negotiationOffer } from "./groups/negotiation-offer.ts";
import { ttrpHeader } from "./groups/ttrp-header.ts";
import { verificationBindings } from "./groups/verification-bindings.ts";
import { verificationEcdsap256 } from "./groups/verification-ecdsap256.ts";
import { verificationPkcs1 } from "./groups/verification-pkcs1.ts";
import { verificationPss } from "./groups/verification-pss.ts";

/** Every generated file of test-vectors/ by its name. */
export function files(): Map<string, string> {
  const groups = {
    "bound-cookie.json": boundCookie,
    "header.json": headerGroup,
    "id.json": idGroup,
    "message.json": messageGroup,
    "negotiation-answer.json": negotiationAnswer,
    "negotiation-body.json": negotiationBody,
    "negotiation-offer.json": negotiationOffer,
    "ttrp-header.json": ttrpHeader,
    "verification-bindings.json": verificationBindings,
    "verification-ecdsap256.json": verificationEcdsap256,
    "verification-rsa2048_pkcs1.5.json": verificationPkcs1,
    "verification-rsa2048_pss.json": verificationPss,
  };
  return new Map(Object.entries(groups).map(([name, make]) => [name, format(make().toJson())]));
}
