import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const packages = new URL("../../", import.meta.url);

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly tokbind?: { readonly mayImport: readonly string[] };
}

function manifests(): [string, Manifest][] {
  return readdirSync(packages).map((folder) => {
    const text = readFileSync(new URL(`${folder}/package.json`, packages), "utf8");
    return [folder, JSON.parse(text) as Manifest];
  });
}

test("docs/guide/architecture.md names every package and what it may import, as the packages declare it", () => {
  const page = readFileSync(new URL("../docs/guide/architecture.md", packages), "utf8");
  const rows = [...page.matchAll(/^\| `packages\/([\w-]+)` +\| (.*?) +\| ([^|]*?) +\|$/gm)];
  const documented = rows.map(([, folder = "", does = "", imports = ""]) => [
    folder,
    does.startsWith("private: "),
    imports.split(", ").sort(),
  ]);
  const declared = manifests().map(([folder, manifest]) => {
    const mayImport = manifest.tokbind?.mayImport ?? [];
    const names = mayImport.map((name) => (name === "*" ? "everything" : name.replace("@tokbind/", "")));
    return [folder, manifest.private === true, names.length > 0 ? names.sort() : ["nothing"]];
  });
  expect(Object.fromEntries(documented.map((row) => [row[0], row]))).toEqual(
    Object.fromEntries(declared.map((row) => [row[0], row])),
  );
});
