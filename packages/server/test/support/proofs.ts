import { tokenBindingHash } from "@tokbind/crypto";
import { keys } from "@tokbind/testing/messages";
import { expect } from "vitest";
import type { VerifiedTokenBindings } from "../../src/index.ts";

function proof(key: typeof keys.ec): VerifiedTokenBindings {
  const id = key.id.bytes;
  return { provided: { id, tbh: tokenBindingHash(id), keyParameters: key.keyParameters }, others: [] };
}

/** What requests of two clients proved. */
export const alice = proof(keys.ec);
export const mallory = proof(keys.otherEc);

/** Thumbprints of two client certificates. */
export const certificate = { "x5t#S256": tokenBindingHash(Uint8Array.of(1)) };
export const otherCertificate = { "x5t#S256": tokenBindingHash(Uint8Array.of(2)) };

/** What the client sends back of a Set-Cookie value. */
export const sent = (setCookie: string) => setCookie.split(";")[0]!;

/** The code of a refusal with status 401, "accepted" without one. */
export async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
  } catch (error) {
    const { code, status } = error as { code: string; status: number };
    expect(status).toBe(401);
    return code;
  }
  return "accepted";
}

/** An error as tests expect it. */
export const failing = (code: string) => expect.objectContaining({ code }) as Error;
