import { randomBytes } from "node:crypto";
import { expect, test, vi } from "vitest";
import { BoundSession } from "../../src/index.ts";
import { Secrets } from "../../src/sessions/secrets.ts";
import { alice, refusal, sent } from "../support/proofs.ts";

const session = new BoundSession({ secrets: [randomBytes(32)] });
const own = sent(await session.issue({ sub: "alice" }, alice));
const token = own.slice(15);

test.each<[what: string, field: string]>([
  ["white space around", ` \t${own}\t `],
  ["white space at the equals sign", own.replace("=", " = ")],
  ["no space after the semicolon", `a=b;${own};c=d`],
  ["1,000 other cookies", `${"a=b; ".repeat(500)}${own}${"; c=d".repeat(500)}`],
  ["broken percent-encoding beside it", `a=%; b=%zz; ${own}; c=%e0%a4`],
  ["cookies beside it that are not ASCII", `é=ü; ${own}; 漢=字; \u00ff=\u0000`],
  ["cookies beside it that have no name", `=; ; ;;; x; ${own}; =y`],
  ["names beside it that every object has", `__proto__=1; constructor=2; ${own}; toString=3`],
])("a cookie is found with %s", async (_what, field) => {
  expect(await session.read(field, alice)).toMatchObject({ sub: "alice" });
});

test("a cookie that is there twice is refused, whichever comes first", async () => {
  const other = sent(await session.issue({ sub: "bob" }, alice));
  for (const field of [
    `${own}; ${other}`,
    `${own}; ${own}`,
    `__Host-session=; ${own}`,
    `${own}; x=y; __Host-session`,
  ]) {
    expect(await refusal(session.read(field, alice))).toBe("token_invalid");
  }
  expect(await refusal(session.read([own, other], alice))).toBe("token_invalid");
});

test.each<[what: string, field: string]>([
  // Browsers protect __Host- at the start of the name only, and take such names from sister domains and from http.
  ["after U+00A0", `\u00a0${own}`],
  ["after U+2003", `\u2003${own}`],
  ["after a line feed", `\n${own}`],
  ["before U+00A0", own.replace("=", "\u00a0=")],
  ["in another case", own.replace("H", "h")],
  ["in quotes", own.replace("__Host-session", '"__Host-session"')],
  ["with percent signs", own.replace("_", "%5F")],
  ["after a comma", `a=b, ${own}`],
])("another name is another cookie: %s", async (_what, field) => {
  expect(await session.read(field, alice)).toBeUndefined();
});

test.each<[what: string, value: string]>([
  ["in quotes", `"${token}"`],
  ["percent-encoded", token.replace("e", "%65")],
  ["broken percent-encoding", `${token}%`],
  ["not ASCII", `${token}é`],
  ["with more after white space", `${token} x`],
  ["a NUL", `${token}\0`],
])("another value is another cookie: %s", async (_what, value) => {
  expect(await refusal(session.read(`__Host-session=${value}`, alice))).toBe("token_invalid");
});

test("nothing is computed over a cookie that is longer than we make any, or has not three parts", async () => {
  const isSigned = vi.spyOn(Secrets.prototype, "isSigned");
  const [head, payload, mac] = token.split(".") as [string, string, string];
  const huge = `${head}.${payload}${"A".repeat(100_000)}.${mac}`;
  expect(await refusal(session.read(`__Host-session=${huge}`, alice))).toBe("token_invalid");
  expect(await refusal(session.read(`__Host-session=${".".repeat(4000)}`, alice))).toBe("token_invalid");
  expect(isSigned).not.toHaveBeenCalled();
  isSigned.mockRestore();
});
