import { MemoryKeyStore, scopeOf, TokenBindingAgent } from "@tokbind/client";
import { type KeyParameters, secTokenBinding } from "@tokbind/codec";
import { createTokenBindingMessage } from "@tokbind/message";
import { negotiatedTokenBinding } from "@tokbind/tls";
import type { RequestInit } from "undici";
import { negotiatedJson, type NegotiatedJson } from "../negotiated-json.ts";
import { type Answer, SingleConnection } from "./single-connection.ts";

/** One thing tried: what the server answered and what it had to answer. */
export interface Step {
  readonly name: string;
  readonly status: number;
  readonly expected: number;
  readonly ok: boolean;
}

/** The story over one version of TLS. */
export interface Chapter {
  readonly negotiated: NegotiatedJson;
  readonly steps: readonly Step[];
}

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

const keyParameters: readonly KeyParameters[] = ["ecdsap256"];

/**
 * Alice logs in at the server on `port`; Mallory, who has copied everything that travelled, tries to be Alice.
 *
 * @param say - called with what happens, in words for a person who has read no RFC
 */
export async function tellStory(
  port: number,
  tls: TlsVersion,
  say: (text: string) => Promise<void>,
): Promise<Chapter> {
  const url = new URL(`https://localhost:${port}/`);
  const versions = { minVersion: tls, maxVersion: tls };
  const keyStore = new MemoryKeyStore();
  const alice = new TokenBindingAgent({
    keyStore,
    keyParameters,
    connect: { ...versions, rejectUnauthorized: false },
  });
  const steps: Step[] = [];
  const step = async (name: string, answer: Answer, expected: number, told: string) => {
    const ok = answer.status === expected;
    steps.push({ name, status: answer.status, expected, ok });
    await say(`  ${ok ? "✓" : "✗"} ${told}\n    ${name}: ${answer.status} ${answer.body.trim()}\n`);
  };
  const send = async (path: string, init: RequestInit = {}) => {
    const response = await alice.fetch(new URL(path, url), init);
    const cookie = response.headers.getSetCookie()[0]?.split(";")[0];
    return { status: response.status, body: await response.text(), cookie };
  };

  await say(`\nOver ${tls}:\n`);
  try {
    const body = new URLSearchParams({ user: "alice" }).toString();
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const login = await send("/login", { method: "POST", headers: form, body });
    await step(
      "login",
      login,
      200,
      "Alice logs in; her cookie is bound to a key that never leaves her machine.",
    );

    const cookie = login.cookie ?? "";
    const me = await send("/me", { headers: { cookie } });
    await step("me", me, 200, "Alice shows the cookie, and each request proves that she has the key.");

    // All that ever travels: the cookie, and the header of one of Alice's requests as the server saw it.
    const seen = JSON.parse((await send("/inspect", { headers: { cookie } })).body) as { header: string };
    const stolen = { cookie };
    const replayed = { cookie, [secTokenBinding]: seen.header };

    const plain = await SingleConnection.open(port, [], versions);
    const noBinding = await plain.get("/me", stolen);
    await step("stolen-cookie-no-binding", noBinding, 401, "Mallory shows the stolen cookie alone: refused.");
    plain.close();

    const mallory = await SingleConnection.open(port, keyParameters, versions);
    const { ekm } = negotiatedTokenBinding(mallory.socket)!;
    const otherKey = await new MemoryKeyStore().get("mallory", "ecdsap256");
    const proof = await createTokenBindingMessage({ ekm, provided: otherKey });
    const other = await mallory.get("/me", { cookie, [secTokenBinding]: proof });
    await step("stolen-cookie-other-key", other, 401, "Mallory proves a key of his own beside it: refused.");

    const replay = await mallory.get("/me", replayed);
    await step(
      "replayed-header-other-connection",
      replay,
      400,
      "Mallory replays Alice's proof; it was made for her connection, not for his: refused.",
    );
    mallory.close();

    const own = await SingleConnection.open(port, keyParameters, versions);
    const negotiated = negotiatedTokenBinding(own.socket)!;
    const provided = await keyStore.get(scopeOf(url), "ecdsap256");
    const good = await createTokenBindingMessage({ ekm: negotiated.ekm, provided });
    const control = await own.get("/me", { cookie, [secTokenBinding]: good });
    const tampered = await own.get("/me", { cookie, [secTokenBinding]: tamper(good) });
    await step(
      "tampered-header",
      control.status === 200 ? tampered : control,
      400,
      "On Alice's own connection, one bit of her proof is changed: refused.",
    );
    own.close();

    await keyStore.delete(scopeOf(url));
    const reset = await send("/me", { headers: { cookie } });
    await step(
      "key-reset-then-old-cookie",
      reset,
      401,
      "Alice throws her key away, as one clears cookies: the old cookie is dead.",
    );
    return { negotiated: negotiatedJson(negotiated), steps };
  } finally {
    await alice.close();
  }
}

/** Changes one bit in the middle of the signature, the last 64 bytes before the empty extensions. */
function tamper(header: string): string {
  const bytes = Buffer.from(header, "base64url");
  bytes[bytes.length - 34]! ^= 1;
  return bytes.toString("base64url");
}
