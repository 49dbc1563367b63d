// Kills processes that use one CA, at random moments, and looks whether its state is whole: every certificate and
// revocation that a process was given is in the index, no serial number or CRL number twice, and the CRL says what the index
// says. `node packages/ca/scripts/crash.js [certificates]`, 10,000 by default, half of them revoked.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CertificateAuthority } from "../dist/index.js";

const wanted = Number(process.argv[2] ?? 10_000);
const workers = 4;
const worker = fileURLToPath(new URL("crash-worker.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tokbind-ca-"));
const directory = join(folder, "ca");
const crlFile = join(directory, "crl.pem");

/** What processes were given: serial numbers with the certificates' hashes. */
const issued = new Map();
const revoked = new Set();
const crlNumbers = new Set();
let kills = 0;
let isOver = false;

/** @param {boolean} truth @param {string} sentence */
function check(truth, sentence) {
  if (!truth) throw new Error(sentence);
}

/** @param {string} line */
function take(line) {
  const [what, value, hash] = line.split(" ");
  if (what === "issued") {
    check(!issued.has(value), `serial number ${value} was given twice`);
    issued.set(value, hash);
  }
  if (what === "revoked") revoked.add(value);
  if (what === "crl") {
    check(!crlNumbers.has(value), `CRL number ${value} was given twice`);
    crlNumbers.add(value);
  }
}

/** A place that always has a process, killed after a while. */
async function keepKilling() {
  while (!isOver) {
    const child = spawn(process.execPath, [worker, directory], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface(child.stdout).on("line", take);
    const ended = once(child, "close").then(() => "by itself");
    // Most are busy when they die; some have hardly started.
    const busy = Math.random() < 0.1 ? wait(Math.random() * 1000) : once(lines, "line");
    const end = await Promise.race([ended, busy.then(() => wait(Math.random() * 500))]);
    check(end === undefined, "a process ended by itself");
    child.kill("SIGKILL");
    kills++;
    await ended;
  }
}

/** The CRL that lies there is whole at any moment, and its number never goes back. */
async function keepReading() {
  let last = 0;
  while (!isOver) {
    const number = numberOf(readFileSync(crlFile, "utf8"));
    check(number >= last, `CRL ${number} took the place of CRL ${last}`);
    last = number;
    await wait(50);
  }
}

/** @param {string} pem */
function numberOf(pem) {
  const text = execFileSync("openssl", ["crl", "-noout", "-crlnumber"], { input: pem, encoding: "utf8" });
  return parseInt(text.slice(text.indexOf("0x")), 16);
}

async function countUp() {
  while (issued.size < wanted) await wait(100);
  isOver = true;
}

try {
  await CertificateAuthority.create({ directory, organization: "Example" });
  await Promise.all([countUp(), keepReading(), ...Array.from({ length: workers }, keepKilling)]);

  const ca = await CertificateAuthority.open({ directory });
  const { crl, number } = await ca.crl();
  const records = await ca.list();
  const lines = readFileSync(join(directory, "index.jsonl"), "utf8").trimEnd().split("\n");
  const parsed = lines.map((line) => JSON.parse(line));
  const known = new Map(
    parsed.filter(({ type }) => type === "issued").map((line) => [line.serialNumber, line]),
  );
  const numbers = parsed
    .filter(({ type, issuer }) => type === "crl" && issuer === "issuing")
    .map((line) => line.number);
  check(
    known.size === parsed.filter(({ type }) => type === "issued").length && known.size === records.length,
    "the index has a serial number twice",
  );
  for (const [serialNumber, hash] of issued) {
    check(known.get(serialNumber)?.sha256 === hash, `the index does not know certificate ${serialNumber}`);
  }
  check(
    numbers.every((one, i) => one === i + 1) && number === numbers.length,
    "CRL numbers don't go up by one",
  );
  for (const one of crlNumbers) check(Number(one) <= numbers.length, `the index does not know CRL ${one}`);
  const text = execFileSync("openssl", ["crl", "-noout", "-text"], {
    input: crl,
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  });
  const listed = new Set(
    [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(([, hex]) => hex?.toLowerCase()),
  );
  const recorded = records
    .filter(({ status }) => status === "revoked")
    .map(({ serialNumber }) => serialNumber);
  for (const one of revoked) check(listed.has(one), `revoked certificate ${one} is not on the CRL`);
  check(
    listed.size === recorded.length && recorded.every((one) => listed.has(one)),
    "the CRL is not what the index says",
  );
  const left = readdirSync(directory).filter((name) => name.startsWith("lock.") || name.endsWith(".new"));
  check(left.length === 0, `left over: ${left.join(", ")}`);
  process.stdout.write(
    `${JSON.stringify({ kills, given: issued.size, issued: records.length, revokedGiven: revoked.size, revoked: recorded.length, crls: number })}\n`,
  );
} finally {
  isOver = true;
  rmSync(folder, { recursive: true, force: true });
}
