// Writes docs/register/conformance.md: for every requirement and decision, the tests that show it or why there is none.
//
// The ids are those of docs/register/requirements.md and docs/register/decisions.md. A test shows an id by naming it in brackets,
// "[TBP-3-10] …", and counts only if it passed: the source is vitest's report of a whole run, which `npm test`
// leaves behind. With --check nothing is written, and a file that is out of date is an error.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const target = `${root}docs/register/conformance.md`;
const report = `${root}node_modules/.tokbind-test-report.json`;
const namedTests = 3;

/** Rows without a test, by id or by prefix, longest first. */
const reasons = JSON.parse(readFileSync(new URL("untested.json", import.meta.url), "utf8"));

/** @typedef {{ id: string, text: string, note: string }} Row */

/** @returns {{ title: string, rows: Row[] }[]} */
function requirements() {
  const parts = [];
  for (const line of readFileSync(`${root}docs/register/requirements.md`, "utf8").split("\n")) {
    const title = /^# (Part .*)/.exec(line);
    if (title) parts.push({ title: title[1], rows: /** @type {Row[]} */ ([]) });
    const row = /^\| ([A-Z0-9]+-[\w.-]+) +\| ([^|]*) \| [^|]* \| (.*?) +\| ([^|]*?) +\|$/.exec(line);
    if (row) parts.at(-1)?.rows.push({ id: row[1], text: row[3], note: row[4] });
  }
  return parts;
}

/** @returns {{ title: string, rows: Row[] }} */
function decisions() {
  const text = readFileSync(`${root}docs/register/decisions.md`, "utf8");
  const rows = [...text.matchAll(/^- \*\*(A-\d+) (.*?)\*\*/gm)].map(([, id, text]) => ({
    id,
    text,
    note: "",
  }));
  return { title: "Decisions", rows };
}

/** Every passed test by the ids it names. */
function passedTests() {
  /** @type {Map<string, Map<string, string>>} */
  const tests = new Map();
  for (const file of JSON.parse(readFileSync(report, "utf8")).testResults) {
    const path = file.name.slice(root.length);
    for (const { status, fullName } of file.assertionResults) {
      if (status !== "passed") continue;
      for (const [, id] of fullName.matchAll(/\[([A-Z0-9]+-[\w.-]+)\]/g)) {
        if (!tests.has(id)) tests.set(id, new Map());
        const title = fullName.replace(/\[[A-Z0-9]+-[\w.-]+\] ?/g, "").trim();
        tests.get(id)?.set(`${path}\n${title}`, `${title} (${path})`);
      }
    }
  }
  return tests;
}

/** @param {Row} row */
function reason({ id, note }) {
  const untestable = /^not testable.*/.exec(note);
  if (untestable) return untestable[0];
  const prefix = Object.keys(reasons)
    .filter((key) => id.startsWith(key))
    .sort((a, b) => b.length - a.length)[0];
  return prefix === undefined ? undefined : reasons[prefix];
}

/** @param {string} text */
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

const tests = passedTests();
const parts = [...requirements(), decisions()];
const known = new Set(parts.flatMap(({ rows }) => rows.map(({ id }) => id)));
const errors = [...tests.keys()]
  .filter((id) => !known.has(id))
  .map((id) => `a test names ${id}, which is no row`);
let shown = 0;
let open = 0;

let text = `# Conformance

Generated from docs/register/requirements.md, docs/register/decisions.md and the tests that passed; do not edit. After a change of
tests run \`npm test && npm run conformance\`.

`;
let body = "";
for (const { title, rows } of parts) {
  body += `\n## ${title}\n\n| id | requirement | shown by |\n| --- | --- | --- |\n`;
  for (const row of rows) {
    const by = [...(tests.get(row.id)?.values() ?? [])].sort();
    const why = by.length > 0 ? undefined : reason(row);
    if (by.length > 0) shown++;
    else if (why === undefined) open++;
    const more = by.length > namedTests ? `<br>and ${by.length - namedTests} more` : "";
    const named = by.slice(0, namedTests).map(cell).join("<br>") + more;
    body += `| ${row.id} | ${cell(row.text)} | ${by.length > 0 ? named : `– ${cell(why ?? "no test yet")}`} |\n`;
  }
}
const total = parts.reduce((sum, { rows }) => sum + rows.length, 0);
text += `${total} rows: ${shown} shown by a test, ${total - shown - open} with a reason why not, ${open} open.\n${body}`;

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text)
    errors.push("docs/register/conformance.md is out of date: npm run conformance");
} else {
  writeFileSync(target, text);
}
if (errors.length > 0) {
  process.stderr.write(`${errors.join("\n")}\n`);
  process.exit(1);
}
