// Knowledge points downwards only: which package may depend on which. Fails with one line per wrong arrow.

import { readdirSync, readFileSync } from "node:fs";

/** @type {Record<string, string[]>} */
const allowed = {
  "@tokbind/codec": [],
  "@tokbind/crypto": ["@tokbind/codec"],
  "@tokbind/tls": ["@tokbind/codec"],
  "@tokbind/server": ["@tokbind/codec", "@tokbind/crypto", "@tokbind/tls"],
  "@tokbind/client": ["@tokbind/codec", "@tokbind/crypto", "@tokbind/tls"],
};
const everything = Object.keys(allowed);
for (const top of ["tokbind", "@tokbind/benchmarks", "@tokbind/tools"]) allowed[top] = everything;

// What makes the test vectors must not know what they test.
allowed["@tokbind/vectors"] = [];
// What judges the verdicts of codec and server shares nothing with them but the errors.
allowed["@tokbind/fuzz"] = ["@tokbind/codec", "@tokbind/server"];

const packages = new URL("../", import.meta.url);
const wrong = [];

/** @param {URL} directory @returns {URL[]} */
function sources(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const url = new URL(entry.name + (entry.isDirectory() ? "/" : ""), directory);
    if (entry.isDirectory()) return sources(url);
    return /\.[jt]s$/.test(entry.name) ? [url] : [];
  });
}

for (const folder of readdirSync(packages)) {
  const home = new URL(`${folder}/`, packages);
  const manifest = JSON.parse(readFileSync(new URL("package.json", home), "utf8"));
  const mayKnow = allowed[manifest.name];
  if (mayKnow === undefined) {
    wrong.push(
      `packages/${folder}: ${manifest.name} has no place in the order; give it one in check-structure.js`,
    );
    continue;
  }
  const declared = Object.keys(manifest.dependencies ?? {});
  for (const name of declared.filter((name) => everything.includes(name) && !mayKnow.includes(name))) {
    wrong.push(`packages/${folder}/package.json: ${manifest.name} must not depend on ${name}`);
  }
  for (const file of ["src/", "native/"].flatMap((part) => {
    try {
      return sources(new URL(part, home));
    } catch {
      return [];
    }
  })) {
    const text = readFileSync(file, "utf8");
    for (const [, name] of text.matchAll(/(?:from|import)\s*\(?\s*"((?:@tokbind\/)?[\w-]+)[^"]*"/g)) {
      const known = everything.includes(name) && name !== manifest.name;
      if (known && !(mayKnow.includes(name) && declared.includes(name))) {
        wrong.push(`${file.pathname.slice(packages.pathname.length)}: imports ${name}`);
      }
    }
  }
}

if (wrong.length > 0) {
  process.stderr.write(`${wrong.join("\n")}\n`);
  process.exit(1);
}
