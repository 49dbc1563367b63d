import { describe, expect, test } from "vitest";
import { parseNoProxy } from "../src/proxy/no-proxy.ts";

const cases: [noProxy: string, exempt: string[], proxied: string[]][] = [
  ["", [], ["example.com:443", "127.0.0.1:443"]],
  ["*", ["example.com:443", "127.0.0.1:443", "::1|443"], []],
  [
    "example.com",
    ["example.com:443", "EXAMPLE.com:8443", "www.example.com:443", "example.com.:443"],
    ["badexample.com:443", "example.com.evil.test:443", "example.org:443", "com:443"],
  ],
  [".example.com", ["example.com:443", "a.b.example.com:443"], ["notexample.com:443"]],
  ["*.example.com", ["www.example.com:443"], ["wwwexample.com:443"]],
  ["example.com:8443", ["example.com:8443", "www.example.com:8443"], ["example.com:443"]],
  ["a.test, b.test  c.test,,", ["a.test:443", "b.test:443", "c.test:443"], ["d.test:443"]],
  ["localhost", ["localhost:443"], ["127.0.0.1:443"]],
  ["127.0.0.1", ["127.0.0.1:443"], ["127.0.0.11:443", "1.127.0.0.1.test:443"]],
  ["10.0.0.0/8,192.168.1.0/24", ["10.255.0.1:443", "192.168.1.7:443"], ["11.0.0.1:443", "192.168.2.1:443"]],
  ["0.0.0.1", [], ["x.0.0.0.1:443"]],
  [
    "::1,[fe80::1]:8443,2001:db8::/32",
    ["::1|443", "fe80::1|8443", "2001:db8:1::1|443"],
    ["fe80::1|443", "2001:db9::1|443"],
  ],
  // What is none of these bypasses nothing.
  [
    "10.0.0.0/99,/8,10.0.0.0/,<local>,exa*mple.com,.,*.,:443,[",
    [],
    ["10.0.0.1:443", "example.com:443", "local:443"],
  ],
];

describe("NO_PROXY [A-50]", () => {
  test.each(cases)("%j", (text, exempt, proxied) => {
    const matches = parseNoProxy(text);
    const isExempt = (target: string) => {
      const [, host, port] = /^(.*)[:|](\d+)$/.exec(target)!;
      return matches(host!, Number(port));
    };
    expect(exempt.filter(isExempt)).toEqual(exempt);
    expect(proxied.filter(isExempt)).toEqual([]);
  });
});
