import { scopeOf } from "@tokbind/client";
import { TokenBindingError } from "@tokbind/codec";
import { claimedIdentityJson } from "../identity-json.ts";
import { openKeyStore } from "../key-store.ts";
import { print } from "../output.ts";

export interface KeysOptions {
  readonly keyStore: string;
  readonly passphraseFile?: string | undefined;
  readonly json?: boolean | undefined;
}

export interface ResetOptions extends KeysOptions {
  /** A host of the site. */
  readonly site?: string | undefined;
  readonly all?: boolean | undefined;
  readonly since?: Date | undefined;
  readonly before?: Date | undefined;
}

/** `tokbind keys list`: what keys there are, without their private halves. */
export async function listKeys({ keyStore, passphraseFile, json }: KeysOptions): Promise<number> {
  const stored = await (await openKeyStore(keyStore, passphraseFile)).list();
  const keys = stored.map(({ scope, id, created }) => ({
    scope,
    ...claimedIdentityJson(id),
    created: created?.toISOString() ?? null,
  }));
  keys.sort((a, b) => (a.scope < b.scope ? -1 : Number(a.scope > b.scope)));
  if (json) await print(`${JSON.stringify({ keys })}\n`);
  else for (const key of keys) await print(line(key));
  return 0;
}

function line(key: {
  readonly scope: string;
  readonly keyParameters: string | number;
  readonly tbh: string;
  readonly created: string | null;
}): string {
  // A scope may be any text, so also one that moves the cursor.
  const scope = /^[\x21-\x7e]+$/.test(key.scope) ? key.scope : JSON.stringify(key.scope);
  return `${scope}  ${key.keyParameters}  tbh ${key.tbh}${key.created === null ? "" : `  ${key.created}`}\n`;
}

/** `tokbind keys reset`: forgets keys by site, by the time when they were made, or all. */
export async function resetKeys(options: ResetOptions): Promise<number> {
  const { site, all = false, since, before, json } = options;
  const store = await openKeyStore(options.keyStore, options.passphraseFile);
  const isByTime = since !== undefined || before !== undefined;
  if (site !== undefined) await store.delete(scopeOf(new URL(`https://${site}/`)));
  else if (!isByTime) await store.clear();
  else if ("keysOf" in store) {
    throw new TokenBindingError(
      "invalid_argument",
      "an ssh-agent does not tell when keys were made: use --site or --all",
    );
  } else await store.clear({ since, before });
  const reset = { site, all, since: since?.toISOString(), before: before?.toISOString() };
  if (json) await print(`${JSON.stringify({ reset })}\n`);
  return 0;
}
