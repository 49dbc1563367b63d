import { existsSync, readFileSync } from "node:fs";
import { domainToASCII } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scopeOf } from "../src/index.ts";

const scope = (url: string) => scopeOf(new URL(url));

test.each([
  ["https://www.example.com/", "example.com"],
  ["https://example.com/", "example.com"],
  ["https://a.b.c.example.com/path?query", "example.com"],
  ["https://a.co.uk/", "a.co.uk"],
  ["https://www.b.co.uk/", "b.co.uk"],
  ["https://a.b.kobe.jp/", "a.b.kobe.jp"],
  ["https://www.city.kobe.jp/", "city.kobe.jp"],
])("%s: the public suffix and one label, %s [TBH-2.1-01] [TBH-2.1-02]", (url, expected) => {
  expect(scope(url)).toBe(expected);
});

test.each([
  ["https://alice.github.io/", "alice.github.io"],
  ["https://www.alice.github.io/", "alice.github.io"],
  ["https://bob.github.io/", "bob.github.io"],
])("%s: suffixes of the private section count, %s (A-25)", (url, expected) => {
  expect(scope(url)).toBe(expected);
});

test.each([
  ["https://127.0.0.1/", "127.0.0.1"],
  ["https://10.0.0.1:8443/", "10.0.0.1"],
  ["https://0x7f.1/", "127.0.0.1"],
  ["https://[::1]:8443/", "[::1]"],
  ["https://[2001:DB8:0:0::1]/", "[2001:db8::1]"],
  ["https://localhost/", "localhost"],
  ["https://intranet:8443/", "intranet"],
  ["https://co.uk/", "co.uk"],
  ["https://github.io/", "github.io"],
  ["https://com/", "com"],
  ["https://.example.com/", ".example.com"],
  ["https://www..example.com/", "www..example.com"],
  ["https://example.com../", "example.com."],
])("%s has no registrable domain and is its own scope, %s [A-25] [TBH-2.1-07]", (url, expected) => {
  expect(scope(url)).toBe(expected);
});

test.each([
  ["https://www.example.com:8443/", "example.com"],
  ["https://WWW.EXAMPLE.COM/", "example.com"],
  ["https://www.example.com./", "example.com"],
  ["https://www.bücher.example/", "xn--bcher-kva.example"],
  ["https://user:password@www.example.com/", "example.com"],
  ["https://a_b.example.com/", "example.com"],
])("%s: port, case, trailing dot and form of the name do not matter, %s", (url, expected) => {
  expect(scope(url)).toBe(expected);
});

test.each(["http://www.example.com/", "wss://www.example.com/", "file:///etc/hosts", "data:,x"])(
  "%s has no scope [TBH-2-21]",
  (url) => {
    expect(() => scope(url)).toThrow(expect.objectContaining({ code: "invalid_argument" }) as Error);
  },
);

test("the scope is always the host or a parent domain of it [TBP-4.1-04] [TBP-7.3-04]", () => {
  fc.assert(
    fc.property(fc.webUrl({ validSchemes: ["https"] }), (text) => {
      const url = new URL(text);
      const result = scopeOf(url);
      expect(result === url.hostname || url.hostname.endsWith(`.${result}`)).toBe(true);
    }),
  );
});

const listData = "/usr/share/doc/publicsuffix/examples/test_psl.txt";
const hasListData = existsSync(listData);
if (!hasListData) {
  process.stderr.write("skipped: the public suffix list's own test data (Debian: publicsuffix)\n");
}

describe.skipIf(!hasListData)("the public suffix list's own test data [TBH-2.1-02] [TBH-2.1-03]", () => {
  const text = hasListData ? readFileSync(listData, "utf8") : "";
  const calls = [...text.matchAll(/^checkPublicSuffix\('(.*)', (?:null|'(.*)')\);$/gm)];
  const cases = calls.map(([, host, domain]) => [host!, domain] as const);

  test("is there", () => {
    expect(cases.length).toBeGreaterThan(70);
  });

  test.each(cases)("%s: %s", (host, domain) => {
    const own = new URL(`https://${host}/`).hostname;
    expect(scope(`https://${host}/`)).toBe(domain === undefined ? own : domainToASCII(domain));
    expect(scope(`https://${host}:8443/`)).toBe(scope(`https://${host}/`));
  });
});

test("a thousand hosts of three hundred sites, as one would sort them by hand", () => {
  const suffixes = ["com", "co.uk", "github.io", "example", "xn--p1ai"];
  for (let i = 0; i < 300; i++) {
    const site = `site${i}.${suffixes[i % suffixes.length]!}`;
    for (const host of [site, `www.${site}`, `a.b.${site}`, `xn--bcher-kva.${site}`]) {
      expect(scope(`https://${host}/`)).toBe(site);
    }
  }
});
