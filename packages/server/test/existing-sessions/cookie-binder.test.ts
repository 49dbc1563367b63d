import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { CookieBinder, type CookieBinderOptions, type RequestProof } from "../../src/index.ts";
import { Secrets } from "../../src/sessions/secrets.ts";
import { alice, certificate, failing, mallory, otherCertificate, sent } from "../support/proofs.ts";

const secrets = [randomBytes(32)];
const names = ["JSESSIONID", "my_app", "__Host-x"];
const make = (options: Partial<CookieBinderOptions> = {}) => new CookieBinder({ secrets, names, ...options });
const binder = make();

function bound(setCookie: string, proof: RequestProof | undefined = alice, by = binder): string {
  const [wrapped, ...more] = by.wrap(setCookie, proof);
  expect(more).toEqual([]);
  return sent(wrapped!);
}

test("[TBP-5-01] [TBP-5-03] [TBP-5-04] a cookie reaches the application only with the key it was bound to", () => {
  const [wrapped, other] = binder.wrap(["JSESSIONID=a1; Path=/; HttpOnly", "theme=dark"], alice);
  expect(wrapped).toMatch(/^JSESSIONID=a1\.[\w-]{43}; Path=\/; HttpOnly$/);
  expect(other).toBe("theme=dark");
  const cookie = `theme=dark; ${sent(wrapped!)}; lang=en`;
  expect(binder.unwrap(cookie, alice)).toBe("theme=dark; JSESSIONID=a1; lang=en");
  expect(binder.unwrap(cookie, mallory)).toBe("theme=dark; lang=en");
  expect(binder.unwrap(cookie, undefined)).toBe("theme=dark; lang=en");
  expect(binder.unwrap(cookie, certificate)).toBe("theme=dark; lang=en");
  expect(binder.unwrap([sent(wrapped!)], alice)).toBe("JSESSIONID=a1");
  expect(binder.unwrap(sent(wrapped!), mallory)).toBeUndefined();
});

test("[CNF-02] a cookie is bound to one key, the Token Binding if there is one", () => {
  const both = { tbh: alice.provided.tbh, ...certificate };
  const cookie = bound("JSESSIONID=a1", both);
  expect(binder.unwrap(cookie, alice)).toBe("JSESSIONID=a1");
  expect(binder.unwrap(cookie, { ...both, ...otherCertificate })).toBe("JSESSIONID=a1");
  expect(binder.unwrap(cookie, certificate)).toBeUndefined();
  const byCertificate = bound("JSESSIONID=a1", certificate);
  expect(binder.unwrap(byCertificate, certificate)).toBe("JSESSIONID=a1");
  expect(binder.unwrap(byCertificate, otherCertificate)).toBeUndefined();
  // A hash of one kind is none of the other.
  expect(binder.unwrap(byCertificate, { tbh: certificate["x5t#S256"] })).toBeUndefined();
});

test("with onInvalid reject the request is refused", () => {
  const strict = make({ onInvalid: "reject" });
  const cookie = bound("JSESSIONID=a1");
  expect(strict.unwrap(cookie, alice)).toBe("JSESSIONID=a1");
  expect(() => strict.unwrap(cookie, mallory)).toThrow(failing("token_invalid"));
  expect(() => strict.unwrap(cookie, undefined)).toThrow(failing("token_binding_missing"));
  expect(() => strict.unwrap("JSESSIONID=a1", alice)).toThrow(failing("token_invalid"));
  expect(strict.unwrap("theme=dark", mallory)).toBe("theme=dark");
});

test("[TBP-5-05] unbound cookies are honoured only where the policy says so, and only those that were made so", () => {
  expect(() => binder.wrap("JSESSIONID=a1", undefined)).toThrow(failing("token_binding_missing"));
  const lax = make({ acceptUnbound: true });
  const unbound = sent(lax.wrap("JSESSIONID=a1", undefined)[0]!);
  for (const proof of [undefined, {}, alice]) expect(lax.unwrap(unbound, proof)).toBe("JSESSIONID=a1");
  expect(binder.unwrap(unbound, alice)).toBeUndefined();
  // To take the MAC away or the key does not make a bound cookie an unbound one.
  const cookie = bound("JSESSIONID=a1", alice, lax);
  for (const text of [cookie, "JSESSIONID=a1", cookie.slice(0, -44)]) {
    expect(lax.unwrap(text, undefined)).toBeUndefined();
    expect(lax.unwrap(text, mallory)).toBeUndefined();
  }
});

test("[TBP-7.1-02] neither name nor value nor MAC can be exchanged", () => {
  const [a, b] = [bound("JSESSIONID=a1"), bound("my_app=b2")];
  const [aMac, bMac] = [a.slice(-43), b.slice(-43)];
  for (const forged of [
    a.replace("JSESSIONID", "my_app"),
    `JSESSIONID=a1.${bMac}`,
    `JSESSIONID=b2.${aMac}`,
    `JSESSIONID=a1${aMac}`,
    `JSESSIONID=a1.x.${aMac}`,
    `JSESSIONID=a1.${aMac}=`,
    `JSESSIONID=a1.${aMac.slice(0, -1)}`,
    `JSESSIONID="a1.${aMac}"`,
    `JSESSIONID=.${aMac}`,
    `JSESSIONID=${aMac}`,
    "JSESSIONID=",
    "JSESSIONID",
  ]) {
    expect(binder.unwrap(forged, alice)).toBeUndefined();
  }
  // The last character of the MAC has two bits that say nothing.
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const spellings = Array.from(alphabet, (last) => a.slice(0, -1) + last);
  expect(spellings.filter((text) => binder.unwrap(text, alice) !== undefined)).toEqual([a]);
});

test("name and value can't be told apart otherwise than they were", () => {
  const both = make({ names: ["a", "ab"] });
  const cookie = bound("a=b=c", alice, both);
  expect(both.unwrap(cookie, alice)).toBe("a=b=c");
  expect(both.unwrap(cookie.replace("a=b", "ab"), alice)).toBeUndefined();
});

test("secrets can be replaced in use", () => {
  const fresh = randomBytes(32);
  const cookie = bound("JSESSIONID=a1");
  expect(make({ secrets: [fresh, ...secrets] }).unwrap(cookie, alice)).toBe("JSESSIONID=a1");
  expect(make({ secrets: [fresh] }).unwrap(cookie, alice)).toBeUndefined();
});

describe("values of any kind", () => {
  test.each([
    "a=b==",
    "",
    "a.b.c",
    "s%3Aabc.def%2Bghi",
    "%",
    "%zz%e0%a4",
    '"quoted"',
    '"a b,c"',
    '""',
    '"',
    '"open',
    "j:{}[]()<>@?/\\",
    "a b",
    "\u00e9\u00ff",
    "x".repeat(43),
    `a1.${"x".repeat(43)}`,
  ])("%j comes back as it was", (value) => {
    const [wrapped] = binder.wrap(`JSESSIONID=${value}; Path=/`, alice);
    expect(wrapped).toMatch(/; Path=\/$/);
    expect(binder.unwrap(`x=y; ${sent(wrapped!)}`, alice)).toBe(`x=y; JSESSIONID=${value}`);
    expect(binder.unwrap(sent(wrapped!), mallory)).toBeUndefined();
    // Within its quotes, where parsers expect the whole.
    if (/^".*"$/.test(value)) expect(sent(wrapped!)).toMatch(/^JSESSIONID=".*"$/);
  });

  test("whatever they are, they come back", () => {
    const text = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    });
    fc.assert(
      fc.property(text, (any) => {
        const value = any.replaceAll(";", "").replace(/^[ \t]+|[ \t]+$/g, "");
        expect(binder.unwrap(bound(`JSESSIONID=${value}`), alice)).toBe(`JSESSIONID=${value}`);
      }),
    );
  });
});

test("attributes stay as they are, in whatever case and order", () => {
  for (const attributes of [
    "; path=/;HTTPONLY ;  samesite=None; Partitioned",
    ";Max-Age=60;Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "; Max-Age=0; max-age=60",
    "; Expires=rubbish; Max-Age=soon",
    "; Expires=Fri, 31 Dec 2099 23:59:59 GMT;",
    ";",
  ]) {
    const [wrapped] = binder.wrap(` JSESSIONID = a1 ${attributes}`, alice);
    expect(wrapped).toMatch(/^JSESSIONID=a1\.[\w-]{43};/);
    expect(wrapped!.slice(wrapped!.indexOf(";"))).toBe(attributes);
  }
});

test.each([
  "; Max-Age=0",
  "; max-age=-1; Path=/",
  "; Max-Age=60; Max-Age=0",
  "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/",
  "; expires=Thu, 01-Jan-1970 00:00:01 GMT",
  "; Max-Age=0; Expires=Fri, 31 Dec 2099 23:59:59 GMT",
])("a cookie that is deleted passes, for anybody, and without a value: %s", (attributes) => {
  for (const proof of [alice, undefined]) {
    expect(binder.wrap(`JSESSIONID=${attributes}`, proof)).toEqual([`JSESSIONID=${attributes}`]);
    // Should some browser not take it for a deletion, it has nothing of worth.
    expect(binder.wrap(`JSESSIONID=a1${attributes}`, proof)).toEqual([`JSESSIONID=${attributes}`]);
  }
});

test("Set-Cookie values of other cookies, or of none, are nobody's business", () => {
  const others = ["theme=dark", "jsessionid=x", "xJSESSIONID=1", "=x", "x", "", ";", "; JSESSIONID=a1"];
  expect(binder.wrap(others, undefined)).toEqual(others);
  expect(binder.wrap(undefined, alice)).toEqual([]);
  expect(binder.wrap([], alice)).toEqual([]);
});

test("a cookie that would be too long once it is bound is not sent", () => {
  const longest = `JSESSIONID=${"x".repeat(4096 - 10 - 44)}`;
  expect(binder.unwrap(bound(longest), alice)).toBe(longest);
  expect(() => binder.wrap(`${longest}x`, alice)).toThrow(failing("invalid_argument"));
});

test("nothing is computed over a cookie that is longer than we make any, or has no MAC", () => {
  const isSigned = vi.spyOn(Secrets.prototype, "isSigned");
  for (const value of ["x".repeat(100_000), `${"x".repeat(4_043)}.${"x".repeat(43)}`, "x", "x".repeat(43)]) {
    expect(binder.unwrap(`JSESSIONID=${value}`, alice)).toBeUndefined();
  }
  expect(isSigned).not.toHaveBeenCalled();
  isSigned.mockRestore();
});

// A thief who takes the MAC off must not find another way to say the name.
test.each([
  "jsessionid=a1",
  "\u00a0JSESSIONID=a1",
  "\u2003JSESSIONID\u2003=a1",
  "\u0000JSESSIONID=a1",
  '"JSESSIONID"=a1',
  "JSESSIONID\u00a0=a1",
  "x=y, JSESSIONID=a1",
  "x=y,JSESSIONID=a1",
  '$Version=1, JSESSIONID="a1"',
  'x="y JSESSIONID=a1',
  "%4aSESSIONID=a1",
  "%20JSESSIONID=a1",
  "my.app=a1",
  "my app=a1",
  "my[app=a1",
  "my%5Fapp=a1",
  "my%2Eapp=a1",
  "my+app=a1",
  "__host-X=a1",
])("an application never sees %j, which it may take for a bound cookie", (pair) => {
  expect(binder.unwrap(`theme=dark; ${pair}; lang=en`, alice)).toBe("theme=dark; lang=en");
  expect(binder.unwrap(pair, alice)).toBeUndefined();
});

test.each([
  "xJSESSIONID=1",
  "JSESSIONID2=1",
  "x-JSESSIONID=1",
  "JSESSIONID.x=1",
  "next=/login?JSESSIONID=1",
  "next=%2Flogin%3BJSESSIONID%3D1",
  "myapp=1",
  "x=JSESSIONID",
  "a=%; b=%zz; é=ü",
])("other cookies pass: %j", (pair) => {
  expect(binder.unwrap(pair, alice)).toBe(pair);
});

test("of two cookies with one name each is judged by itself", () => {
  const cookie = bound("JSESSIONID=a1");
  expect(binder.unwrap(`JSESSIONID=evil; ${cookie}`, alice)).toBe("JSESSIONID=a1");
  expect(binder.unwrap(`${cookie}; JSESSIONID=evil`, alice)).toBe("JSESSIONID=a1");
  expect(binder.unwrap(`${cookie}; ${bound("JSESSIONID=b2")}`, alice)).toBe("JSESSIONID=a1; JSESSIONID=b2");
});

test("1,000 cookies, and fields of nothing", () => {
  const many = Array.from({ length: 1000 }, (_, i) => `c${i}=${i}`).join("; ");
  expect(binder.unwrap(`${many}; ${bound("JSESSIONID=a1")}`, alice)).toBe(`${many}; JSESSIONID=a1`);
  for (const nothing of [undefined, "", [], ";", " ; ;; "])
    expect(binder.unwrap(nothing, alice)).toBeUndefined();
  const from = Date.now();
  expect(binder.unwrap("JSESSIONID ".repeat(10_000), alice)).toBeDefined();
  expect(binder.unwrap(`x="${"JSESSIONID\u00a0".repeat(10_000)}`, alice)).toBeDefined();
  expect(Date.now() - from).toBeLessThan(1000);
});

test("methods work without their object", () => {
  const { wrap, unwrap } = make();
  expect(unwrap(sent(wrap("JSESSIONID=a1", alice)[0]!), alice)).toBe("JSESSIONID=a1");
});

test.each<[option: string, options: object]>([
  ["secrets", { names }],
  ["secrets", { names, secrets: [randomBytes(31)] }],
  ["names", { secrets }],
  ["names", { secrets, names: [] }],
  ["names", { secrets, names: "JSESSIONID" }],
  ["names", { secrets, names: ["a b"] }],
  ["names", { secrets, names: ["a="] }],
  ["names", { secrets, names: [""] }],
  ["onInvalid", { secrets, names, onInvalid: "strip" }],
  ["acceptUnbound", { secrets, names, acceptUnbound: 1 }],
  ["name", { secrets, name: "JSESSIONID" }],
])("impossible options are refused at once: %s, case %#", (option, options) => {
  const refuse = () => new CookieBinder(options as CookieBinderOptions);
  expect(refuse).toThrow(failing("invalid_argument"));
  expect(refuse).toThrow(new RegExp(`^CookieBinder: .*\\b${option}\\b`));
});
