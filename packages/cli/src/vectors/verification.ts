import {
  decodeBase64url,
  decodeTokenBindingMessage,
  encodeBase64url,
  type KeyParameters,
  keyParametersName,
  tokenBindingTypes,
} from "@tokbind/codec";
import { tokenBindingHash } from "@tokbind/crypto";
import { BoundSession, type VerifiedTokenBindings, verifySecTokenBinding } from "@tokbind/server";
import { ekmFromHex } from "../arguments.ts";
import { decodeTtrpHeader } from "./decoding.ts";

/** Group "verification". */
export interface VerificationCase {
  readonly ekm: string;
  readonly negotiated: KeyParameters;
  readonly verifyUnknownTypes?: true;
  readonly message: string;
}

/** What a message establishes, as the vector files say it. */
export interface Established {
  readonly provided: NamedId;
  readonly referred: (NamedId & { readonly usable: boolean }) | null;
  readonly others: readonly { readonly type: number; readonly id: string }[];
}

interface NamedId {
  readonly id: string;
  readonly tbh: string;
  readonly keyParameters: KeyParameters | number;
}

export function verifyMessage(test: VerificationCase): Established {
  const connection = { ekm: ekmFromHex(test.ekm)!, keyParameters: test.negotiated };
  const options = { verifyUnknownTypes: test.verifyUnknownTypes ?? false };
  return established(verifySecTokenBinding([test.message], connection, options)!);
}

function established({ provided, referred, others }: VerifiedTokenBindings): Established {
  return {
    provided: { ...provided, id: encodeBase64url(provided.id) },
    referred: referred === undefined ? null : { ...referred, id: encodeBase64url(referred.id) },
    others: others.map(({ type, id }) => ({ type, id: encodeBase64url(id.bytes) })),
  };
}

/** Group "bound-cookie". */
export interface BoundCookieCase {
  readonly cookieName: string;
  readonly secret: string;
  readonly acceptUnbound: boolean;
  readonly provided: {
    readonly id: string;
    readonly tbh: string;
    readonly keyParameters: KeyParameters;
  } | null;
  readonly cookie: string;
}

export async function readBoundCookie(test: BoundCookieCase): Promise<object> {
  const { cookieName: name, acceptUnbound, provided } = test;
  const session = new BoundSession({
    secrets: [decodeBase64url(test.secret)],
    cookie: { name },
    acceptUnbound,
  });
  const binding =
    provided === null
      ? undefined
      : { provided: { ...provided, id: decodeBase64url(provided.id) }, others: [] };
  const claims = await session.read(test.cookie === "" ? undefined : test.cookie, binding);
  return { claims: claims ?? null };
}

/** Group "published-example". */
export interface PublishedExample {
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

/** What the message establishes; an Error when it is not what the document shows beside it. */
export function checkPublished({ ekm, negotiated, message, published }: PublishedExample): Established {
  const shown = ekm === null ? decoded(message) : verifyMessage({ ekm, negotiated, message });
  const { provided, referred, others } = shown;
  const proven: { type: number; id: string }[] = [{ type: tokenBindingTypes.provided, id: provided.id }];
  if (referred !== null) proven.push({ type: tokenBindingTypes.referred, id: referred.id });
  const headers = Object.entries(published.backendHeaders ?? {});
  const told = headers.flatMap(([field, value]) => decodeTtrpHeader({ field, lines: [value] }).ids);
  if (headers.length > 0) expectSame("backendHeaders", told, [...proven, ...others]);
  if (published.providedId !== undefined) expectSame("providedId", provided.id, published.providedId);
  const { confirmation, idToken } = published;
  if (confirmation !== undefined) expectSame("confirmation", shown[confirmation.of]?.tbh, confirmation.tbh);
  if (idToken !== undefined) expectSame("idToken", idToken.claims.cnf?.tbh, provided.tbh);
  return shown;
}

function expectSame(name: string, got: unknown, expected: unknown): void {
  const [x, y] = [JSON.stringify(got), JSON.stringify(expected)];
  if (x !== y) throw new Error(`published ${name}: expected ${y}, got ${x}`);
}

/** The same of a message whose signature nobody can check. */
function decoded(message: string): Established {
  const { tokenBindings } = decodeTokenBindingMessage(decodeBase64url(message));
  const [binding] = tokenBindings;
  if (binding === undefined || tokenBindings.length > 1) throw new Error("expected one binding");
  const { bytes, keyParameters: code } = binding.id;
  const keyParameters = keyParametersName(code) ?? code;
  return {
    provided: { id: encodeBase64url(bytes), tbh: tokenBindingHash(bytes), keyParameters },
    referred: null,
    others: [],
  };
}
