// CRLs as other programs make them, and CRLs that nobody should make.

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { der } from "@tokbind/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RevocationList } from "../src/revocation/revocation-list.ts";
import { TokenBindingError } from "../src/index.ts";

const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const algorithms = {
  ecdsa: der(0x30, oid("2a8648ce3d040302")),
  rsa: der(0x30, oid("2a864886f70d01010b"), der(0x05)),
  ed25519: der(0x30, oid("2b6570")),
  md5: der(0x30, oid("2a864886f70d010104"), der(0x05)),
};
const time = (text: string) => der(text.length > 13 ? 0x18 : 0x17, Buffer.from(text));
const subject = der(0x30, der(0x31, der(0x30, oid("550403"), der(0x0c, Buffer.from("CA")))));
const critical = (hex: string) => der(0x30, oid(hex), der(0x01, Buffer.of(0xff)), der(0x04, der(0x30)));

interface Parts {
  readonly version?: Buffer[];
  readonly algorithm?: Buffer;
  readonly outside?: Buffer;
  readonly times?: Buffer[];
  readonly entries?: Buffer[];
  readonly extensions?: Buffer[];
  readonly after?: Buffer[];
  readonly key?: KeyObject;
}

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

function make({
  algorithm = algorithms.ecdsa,
  outside = algorithm,
  key = privateKey,
  ...parts
}: Parts): Buffer {
  const { version = [der(2, Buffer.of(1))], times = [time("260101000000Z"), time("20991231000000Z")] } =
    parts;
  const tbs = der(
    0x30,
    ...version,
    algorithm,
    subject,
    ...times,
    ...(parts.entries ? [der(0x30, ...parts.entries)] : []),
    ...(parts.extensions ? [der(0xa0, der(0x30, ...parts.extensions))] : []),
    ...(parts.after ?? []),
  );
  const hash = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  return der(0x30, tbs, outside, der(0x03, Buffer.of(0), sign(hash, tbs, key)));
}

const entry = (serial: number[], ...rest: Buffer[]) =>
  der(0x30, der(2, Buffer.from(serial)), time("260101000000Z"), ...rest);

test("versions 1 and 2, with entries and without, are read", () => {
  const list = new RevocationList(make({ version: [], entries: [entry([0, 0x80]), entry([1, 2])] }));
  expect([...list.serials]).toEqual(["\x80", "\x01\x02"]);
  expect(list.isSignedBy(publicKey)).toBe(true);
  expect(new Date(list.nextUpdate).toISOString()).toBe("2099-12-31T00:00:00.000Z");
  expect(new RevocationList(make({})).serials.size).toBe(0);
  // What @peculiar/x509 writes for an entry without a reason.
  expect(new RevocationList(make({ entries: [entry([1], der(0x30))] })).serials.size).toBe(1);
});

test("RSA and EdDSA sign as well; other algorithms are refused", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ed = generateKeyPairSync("ed25519");
  for (const [pair, algorithm] of [
    [rsa, algorithms.rsa],
    [ed, algorithms.ed25519],
  ] as const) {
    const list = new RevocationList(make({ algorithm, key: pair.privateKey }));
    expect(list.isSignedBy(pair.publicKey)).toBe(true);
    expect(list.isSignedBy(publicKey)).toBe(false);
  }
  const md5 = new RevocationList(make({ algorithm: algorithms.md5, key: rsa.privateKey }));
  expect(() => md5.isSignedBy(rsa.publicKey)).toThrow(TokenBindingError);
});

test.each<[string, Buffer]>([
  ["another algorithm outside", make({ outside: algorithms.rsa })],
  ["a CRL that never expires", make({ times: [time("260101000000Z")] })],
  ["a time that is none", make({ times: [time("261301000000Z"), time("270101000000Z")] })],
  ["a time without a zone", make({ times: [time("2601010000"), time("270101000000Z")] })],
  ["a delta CRL", make({ extensions: [critical("551d1b")] })],
  ["a partial or indirect CRL", make({ extensions: [critical("551d1c")] })],
  ["an entry of another CA", make({ entries: [entry([1], der(0x30, critical("551d1d")))] })],
  ["a serial number with a zero too many", make({ entries: [entry([0, 1])] })],
  ["an entry with something behind it", make({ entries: [entry([1], der(0x30), der(0x30))] })],
  ["something behind the extensions", make({ extensions: [], after: [der(0x30)] })],
  ["bytes after the end", Buffer.concat([make({}), Buffer.of(0)])],
  ["a long length in too many bytes", Buffer.concat([Buffer.from("30840000", "hex"), make({})])],
  ["a length of indefinite form", Buffer.from("3080000000", "hex")],
  ["nothing", Buffer.alloc(0)],
])("refused: %s", (_what, bytes) => {
  expect(() => new RevocationList(bytes)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
});

test("no bytes crash it, and none that were changed are signed", () => {
  const bytes = make({ entries: [entry([1]), entry([2])], extensions: [] });
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(bytes);
      changed[at]! ^= change;
      try {
        const list = new RevocationList(changed);
        return !list.isSignedBy(publicKey);
      } catch (error) {
        return error instanceof TokenBindingError;
      }
    }),
    { numRuns: 3_000 },
  );
});
