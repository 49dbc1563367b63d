import { createHash, randomBytes } from "node:crypto";
import { TokenBindingError } from "@tokbind/codec";
import type { SessionStore } from "../stores/session-store.ts";
import type { Secrets } from "./secrets.ts";
import type { SessionClaims } from "./session-claims.ts";
import type { SessionKind } from "./session-kind.ts";
import { isSession } from "./session-tokens.ts";

/**
 * Sessions of which the cookie holds a random id only, with a MAC over the cookie's name and the id: what anybody makes up
 * does not reach the store. The store knows a hash of the id, so that who reads the store can't use what is there.
 */
export class StoredSessions implements SessionKind {
  readonly #name: string;
  readonly #secrets: Secrets;
  readonly #store: SessionStore;

  constructor(name: string, secrets: Secrets, store: SessionStore) {
    this.#name = name;
    this.#secrets = secrets;
    this.#store = store;
  }

  async issue(claims: SessionClaims): Promise<string> {
    const id = randomBytes(32).toString("base64url");
    const { exp: expires, ...kept } = claims;
    const subject = claims.sub === undefined ? undefined : hash(claims.sub);
    await this.#store.create(hash(id), { data: JSON.stringify(kept), expires, subject });
    return this.#value(id);
  }

  async read(value: string): Promise<SessionClaims> {
    const id = value.slice(0, 43);
    // Compared as text, so that the id has one spelling. No MAC of a token is one of these: `=` is not in base64url.
    if (value[43] !== "." || !this.#secrets.isSigned(`${this.#name}=${id}`, value.slice(44))) {
      throw this.#notIssued();
    }
    const jti = hash(id);
    const session = await this.#store.read(jti);
    if (session === undefined) throw this.#ended();
    const claims = { ...parse(session.data), exp: session.expires, jti };
    if (!isSession(claims, this.#name)) throw this.#notIssued();
    return claims;
  }

  async renew(value: string, claims: SessionClaims): Promise<string> {
    const id = value.slice(0, 43);
    if (!(await this.#store.extend(hash(id), claims.exp))) throw this.#ended();
    return this.#value(id);
  }

  async revoke(jti: string): Promise<void> {
    await this.#store.delete(jti);
  }

  async revokeAll(subject: string): Promise<void> {
    await this.#store.deleteAll(hash(subject));
  }

  #value(id: string): string {
    return `${id}.${this.#secrets.sign(`${this.#name}=${id}`)}`;
  }

  #notIssued(): TokenBindingError {
    return new TokenBindingError("token_invalid", `the ${this.#name} cookie is not one that we issued`);
  }

  #ended(): TokenBindingError {
    return new TokenBindingError(
      "token_expired",
      `the session of the ${this.#name} cookie has expired or was revoked`,
    );
  }
}

function parse(data: string): object {
  try {
    return JSON.parse(data) as object;
  } catch {
    throw new TokenBindingError("session_store", "expected a session as it was stored, got something else");
  }
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
