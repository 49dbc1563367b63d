import { decodeBase64url, type KeyParameters } from "@tokbind/codec";
import { BoundSession } from "@tokbind/server";
import { type Outcome, outcomeOf } from "../outcome.ts";

/** A Cookie field, and what the request that carries it has proven. */
export interface BoundCookieCase {
  readonly cookieName: string;
  readonly secret: string;
  readonly acceptUnbound: boolean;
  readonly provided: {
    readonly id: string;
    readonly tbh: string;
    readonly keyParameters: KeyParameters;
  } | null;
  /** Empty for a request without cookies. */
  readonly cookie: string;
}

/** Reads the session of the request. */
export function runBoundCookie(test: BoundCookieCase): Promise<Outcome> {
  return outcomeOf(async () => {
    const { cookieName: name, acceptUnbound, provided } = test;
    const secrets = [decodeBase64url(test.secret)];
    const session = new BoundSession({ secrets, cookie: { name }, acceptUnbound });
    const binding =
      provided === null
        ? undefined
        : { provided: { ...provided, id: decodeBase64url(provided.id) }, others: [] };
    const claims = await session.read(test.cookie === "" ? undefined : test.cookie, binding);
    return { claims: claims ?? null };
  });
}
