import { accessSync, constants } from "node:fs";
import { dirname, resolve } from "node:path";
import { Cookie, CookieJar as Cookies, MemoryCookieStore } from "tough-cookie";
import { withFileLock } from "./file-lock.ts";
import { isRefused } from "./is-refused.ts";
import { readJarFile, targetOf, writeJarFile } from "./jar-file.ts";

/**
 * Cookies in a file, which other processes may use at the same time: it is read for each request, and each answer changes
 * what is in it by then. Session cookies stay too, since every command is a process of its own.
 */
export class CookieJar {
  readonly #file: string;

  /** @throws Error when the file cannot be read or written, so that no request is sent whose cookies would be lost */
  constructor(file: string) {
    this.#file = targetOf(resolve(file));
    accessSync(dirname(this.#file), constants.W_OK);
    this.#read();
  }

  /** The value of the Cookie field for a request; empty for none. */
  cookiesFor(url: string): string {
    return this.#read().getCookieStringSync(url);
  }

  /**
   * Keeps the cookies of an answer. What it must not set (of another domain or a public suffix, `Secure` over http, a
   * `__Host-` without its attributes) is left out, as in a browser.
   *
   * @param lines - values of its Set-Cookie fields
   */
  async keep(url: string, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await withFileLock(this.#file, () => {
      const cookies = this.#read();
      for (const line of lines) {
        const cookie = Cookie.parse(line);
        if (cookie === undefined || isRefused(cookie, new URL(url), () => list(cookies))) continue;
        cookies.setCookieSync(cookie, url, { ignoreError: true });
      }
      writeJarFile(this.#file, `${JSON.stringify({ cookies: list(cookies) }, undefined, 2)}\n`);
    });
  }

  #read(): Cookies {
    const text = readJarFile(this.#file);
    const store = new MemoryCookieStore();
    try {
      for (const cookie of text === undefined ? [] : parse(text)) void store.putCookie(cookie);
    } catch {
      // Without a cause: it may quote the text.
      throw new Error(`${this.#file}: expected cookies as this program writes them, got something else`);
    }
    return new Cookies(store, { allowSecureOnLocal: false });
  }
}

/** The cookies in the text of a file; expired ones are left behind. */
function parse(text: string): readonly Cookie[] {
  const { cookies } = JSON.parse(text) as { cookies: readonly unknown[] };
  const all = cookies.map((entry) => {
    const cookie = Cookie.fromJSON(entry);
    // Throws for dates that are none, which would be too late when the file is written.
    if (cookie === undefined || !isWhole(cookie.toJSON())) throw new TypeError("not a cookie");
    return cookie;
  });
  return all.filter((cookie) => Number(cookie.expiryTime()) > Date.now());
}

function isWhole({ key, domain, path }: Partial<Cookie>): boolean {
  return [key, domain, path].every((each) => typeof each === "string");
}

function list(jar: Cookies): readonly Partial<Cookie>[] {
  return jar.serializeSync()?.cookies ?? [];
}
