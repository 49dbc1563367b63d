import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { structureErrors } from "../structure.js";

type Rooms = Record<string, { manifest: object; files?: Record<string, string> }>;

const codec = { manifest: { tokbind: { mayImport: [] } } };
const crypto = {
  manifest: { dependencies: { codec: "workspace:*" }, tokbind: { mayImport: ["codec"] } },
  files: { "src/index.ts": 'export { a } from "codec";' },
};
const testing = { manifest: { private: true, tokbind: { mayImport: [] } } };

/** Makes packages in a directory that goes with the test, and returns what structure.js says of them. */
function complaints(rooms: Rooms): string[] {
  const packages = mkdtempSync(join(tmpdir(), "tokbind-structure-"));
  onTestFinished(() => {
    rmSync(packages, { recursive: true });
  });
  for (const [name, { manifest, files = {} }] of Object.entries(rooms)) {
    for (const [file, text] of Object.entries({
      ...files,
      "package.json": JSON.stringify({ name, ...manifest }),
    })) {
      const path = join(packages, name, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  return [...structureErrors(packages)];
}

/** A room `server` with one file that imports. */
function importing(file: string, text: string, manifest: object): Rooms {
  return { codec, crypto, testing, server: { manifest, files: { [file]: text } } };
}

const declared = { dependencies: { crypto: "" }, tokbind: { mayImport: ["crypto"] } };

test("rooms that keep to what they declare pass", () => {
  expect(complaints(importing("src/index.ts", 'import { b } from "crypto";', declared))).toEqual([]);
});

test("a room without a declaration is refused", () => {
  expect(complaints({ codec: { manifest: {} } })).toEqual([
    'packages/codec/package.json: expected "tokbind": { "mayImport": [...] }',
  ]);
});

test("an undeclared dependency is refused, of whichever kind", () => {
  const tokbind = { mayImport: ["crypto"] };
  for (const kind of ["dependencies", "peerDependencies"]) {
    const rooms = importing("src/index.ts", "", { [kind]: { codec: "" }, tokbind });
    expect(complaints(rooms)).toEqual(["packages/server/package.json: server may not depend on codec"]);
  }
});

test("what the sources import has to be declared, however they import it", () => {
  const ways = {
    "import.ts": 'import { a } from "codec";',
    "side-effect.ts": 'import "codec";',
    "subpath.ts": 'import { a } from "codec/inner";',
    "types.ts": 'import type { A } from "codec";',
    "re-export.ts": 'export * from "codec";',
    "dynamic.ts": 'const a = await import("codec");',
    "import-type.ts": 'let a: import("codec").A;',
    "deep/er.js": 'const a = require("codec");',
  };
  const files = Object.fromEntries(Object.entries(ways).map(([name, text]) => [`src/${name}`, text]));
  const found = complaints({ codec, crypto, server: { manifest: declared, files } });
  expect(found.map((line) => /^packages\/server\/src\/(.*): imports codec/.exec(line)?.[1]).sort()).toEqual(
    Object.keys(ways).sort(),
  );
});

test("an import that is declared but no dependency is refused", () => {
  const rooms = importing("src/index.ts", 'import "crypto";', { tokbind: { mayImport: ["crypto"] } });
  expect(complaints(rooms)).toHaveLength(1);
});

test("an import in a comment is none", () => {
  expect(complaints(importing("src/index.ts", '// import "codec";', declared))).toEqual([]);
});

test("sources do not reach into another package by its path", () => {
  expect(complaints(importing("src/index.ts", 'import "../../crypto/src/index.ts";', declared))).toHaveLength(
    1,
  );
});

test("tests may import what lies below their room, private rooms, and the inside of either", () => {
  const manifest = { ...declared, devDependencies: { codec: "", testing: "" } };
  const text =
    'import "codec"; import "testing"; import "../../crypto/src/index.ts"; import "../src/index.ts";';
  expect(complaints(importing("test/a.test.ts", text, manifest))).toEqual([]);
  expect(complaints(importing("test/a.test.ts", text, declared))).toHaveLength(2);
});

test("tests may not import a public room that does not lie below theirs", () => {
  const client = { manifest: { tokbind: { mayImport: [] } } };
  const manifest = { ...declared, devDependencies: { client: "" } };
  expect(complaints({ ...importing("test/a.test.ts", 'import "client";', manifest), client })).toEqual([
    "packages/server/package.json: server may not depend on client, not even for its tests",
  ]);
});

test("a public room does not depend on a private one", () => {
  const manifest = { dependencies: { testing: "" }, tokbind: { mayImport: ["testing"] } };
  expect(complaints({ testing, cli: { manifest } })).toEqual([
    "packages/cli/package.json: depends on testing, which is private",
  ]);
});

test("a name that is no package is refused", () => {
  expect(complaints({ cli: { manifest: { tokbind: { mayImport: ["codex"] } } } })).toEqual([
    "packages/cli/package.json: mayImport names codex, which is no package here",
  ]);
});

test("sides never reach each other, however far the way; a room of no side may reach both", () => {
  const server = { manifest: { tokbind: { mayImport: [], side: "server" } } };
  const middle = { manifest: { tokbind: { mayImport: ["server"] } } };
  const client = { manifest: { tokbind: { mayImport: ["middle"], side: "client" } } };
  const cli = { manifest: { tokbind: { mayImport: ["*"] } } };
  expect(complaints({ server, middle, client, cli })).toEqual([
    "packages/client/package.json: client is on the client side and reaches server on the server side",
  ]);
});

test("a cycle of declarations is refused; rooms that may import everything are in none", () => {
  const a = { manifest: { tokbind: { mayImport: ["b"] } } };
  const b = { manifest: { tokbind: { mayImport: ["c"] } } };
  const c = { manifest: { tokbind: { mayImport: ["a"] } } };
  const top = { manifest: { tokbind: { mayImport: ["*"] } } };
  expect(complaints({ a, b, c, cli: top, tools: top })).toEqual([
    "these rooms import each other: a → b → c → a",
  ]);
});

test("a folder without packages is a mistake, not a success", () => {
  expect(complaints({})).toHaveLength(1);
});
