// Packs every public package as it would be published and looks at what is inside: publint for its manifest,
// are-the-types-wrong for what TypeScript makes of it (ESM only is our choice), its license, its README and the ranges
// of its dependencies. Then installs all of them in an empty project, where nothing of this repository is at hand, lets
// them negotiate, and runs the command line.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pnpm } from "./pnpm.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "tokbind-packages-"));

/** @param {string} command @param {string[]} args @param {string} cwd */
function run(command, args, cwd) {
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
}

/** @param {string} name @param {string} tarball */
function checkContent(name, tarball) {
  const tar = (/** @type {string[]} */ ...args) =>
    execFileSync("tar", ["--file", tarball, ...args], { encoding: "utf8" });
  const files = tar("--list").split("\n");
  for (const file of ["LICENSE", "README.md"]) {
    if (!files.includes(`package/${file}`)) throw new Error(`${name} is packed without ${file}`);
  }
  const { license, author, keywords, dependencies } = JSON.parse(
    tar("--extract", "--to-stdout", "package/package.json"),
  );
  if (!license || !author || !keywords) throw new Error(`${name}: expected license, author and keywords`);
  for (const [other, version] of Object.entries(dependencies ?? {})) {
    // A pinned dependency keeps its security patches from the users.
    if (!version.startsWith("^")) throw new Error(`${name}: expected a range of ${other}, got ${version}`);
  }
}

/** @param {string} folder @returns {{ name: string, private?: boolean, exports?: object }} */
function manifestOf(folder) {
  return JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"));
}

// What a reader of the README would write.
const trial = `
  import assert from "node:assert/strict";
  import https from "node:https";
  import { TokenBindingAgent } from "@tokbind/client";
  import { TokenBindingVerifier, withTokenBinding } from "@tokbind/server";

  const [cert, key] = process.env.CERTIFICATE.split("|");
  const verifier = new TokenBindingVerifier();
  const server = withTokenBinding(() =>
    https.createServer({ cert, key }, (request, response) => {
      response.end(verifier.verify(request).provided.keyParameters);
    }),
  );
  server.listen(0, "127.0.0.1", async () => {
    const agent = new TokenBindingAgent({ connect: { ca: cert } });
    const response = await agent.fetch("https://localhost:" + server.address().port);
    assert.equal(await response.text(), "ecdsap256");
    await agent.close();
    server.close();
  });
`;

try {
  /** @type {Record<string, string>} */
  const tarballs = {};
  for (const folder of readdirSync(join(root, "packages"))) {
    const { name, private: isPrivate, exports } = manifestOf(folder);
    if (isPrivate) continue;
    process.stderr.write(`check-packages: ${name}\n`);
    const tarball = join(project, `${folder}.tgz`);
    run("npx", ["--yes", pnpm, "pack", "--out", tarball], join(root, "packages", folder));
    run("npx", ["publint", "--strict", tarball], root);
    checkContent(name, tarball);
    if (exports !== undefined) run("npx", ["attw", tarball, "--profile", "esm-only", "--quiet"], root);
    tarballs[name] = `file:${tarball}`;
  }

  process.stderr.write("check-packages: all together in an empty project\n");
  const manifest = { type: "module", dependencies: tarballs, overrides: tarballs };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  run("npm", ["install", "--no-audit", "--no-fund"], project);
  writeFileSync(join(project, "trial.js"), trial);
  const pem = (/** @type {string} */ name) =>
    readFileSync(join(root, "packages/testing/certificate", name), "utf8");
  execFileSync(process.execPath, ["trial.js"], {
    cwd: project,
    env: { ...process.env, CERTIFICATE: `${pem("cert.pem")}|${pem("key.pem")}` },
    stdio: "inherit",
  });
  run(join(project, "node_modules", ".bin", "tokbind"), ["story", "--once"], project);
  run(join(project, "node_modules", ".bin", "tokbind"), ["vectors"], project);
} finally {
  rmSync(project, { recursive: true });
}
