import {
  decodeBase64url,
  decodeTokenBindingMessage,
  encodeBase64url,
  type KeyParameters,
  keyParametersName,
  tokenBindingTypes,
} from "@tokbind/codec";
import { tokenBindingHash } from "@tokbind/crypto";
import { type Outcome, outcomeOf } from "../outcome.ts";
import { decodeTtrpHeader, type TypedId } from "./ttrp-header.ts";
import { type Established, verifyFields } from "./verification.ts";

/** A message that a published document shows, and what it shows beside it. */
export interface PublishedExampleCase {
  /** null where the document does not give it: then the signature cannot be verified. */
  readonly ekm: string | null;
  readonly negotiated: KeyParameters;
  readonly message: string;
  readonly published: {
    readonly backendHeaders?: Readonly<Record<string, string>>;
    readonly providedId?: string;
    readonly confirmation?: { readonly tbh: string; readonly of: "provided" | "referred" };
    readonly idToken?: { readonly claims: { readonly cnf?: { readonly tbh?: string } } };
  };
}

/** Verifies the message, and compares what it establishes with what the document shows. */
export function runPublishedExample(test: PublishedExampleCase): Promise<Outcome> {
  return outcomeOf(() => {
    const { ekm, negotiated, message, published } = test;
    const established = ekm === null ? decoded(message) : verifyFields([message], { ekm, negotiated });
    compare(established, published);
    return established;
  });
}

function compare(established: Established, published: PublishedExampleCase["published"]): void {
  const { provided, referred, others } = established;
  const { backendHeaders, providedId, confirmation, idToken } = published;
  if (backendHeaders !== undefined) {
    const proven: TypedId[] = [{ type: tokenBindingTypes.provided, id: provided.id }];
    if (referred !== null) proven.push({ type: tokenBindingTypes.referred, id: referred.id });
    const headers = Object.entries(backendHeaders);
    const shown = headers.flatMap(([field, value]) => decodeTtrpHeader({ field, lines: [value] }));
    expectSame("backendHeaders", shown, [...proven, ...others]);
  }
  if (providedId !== undefined) expectSame("providedId", provided.id, providedId);
  if (confirmation !== undefined)
    expectSame("confirmation", established[confirmation.of]?.tbh, confirmation.tbh);
  if (idToken !== undefined) expectSame("idToken", idToken.claims.cnf?.tbh, provided.tbh);
}

function expectSame(name: string, got: unknown, expected: unknown): void {
  const [x, y] = [JSON.stringify(got), JSON.stringify(expected)];
  if (x !== y) throw new Error(`published ${name}: expected ${y}, got ${x}`);
}

function decoded(message: string): Established {
  const { tokenBindings } = decodeTokenBindingMessage(decodeBase64url(message));
  const [binding] = tokenBindings;
  if (binding === undefined || tokenBindings.length > 1) {
    throw new Error(`expected one binding, since no EKM is published, got ${tokenBindings.length}`);
  }
  const { bytes, keyParameters: code } = binding.id;
  const keyParameters = keyParametersName(code) ?? code;
  return {
    provided: { id: encodeBase64url(bytes), tbh: tokenBindingHash(bytes), keyParameters },
    referred: null,
    others: [],
  };
}
