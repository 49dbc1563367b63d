// Layers: what each room declares in its package.json that it may import, and whether it keeps to that.
//
//   "tokbind": { "mayImport": ["@tokbind/codec"], "side": "server" }
//
// "*" stands for every room that does not say "*" itself. Rooms of different sides never reach each other, and the
// declarations have no cycle. Tests and scripts may also import what lies below a room's own imports, private rooms,
// and the inside of either, as long as package.json names them. Fails with one line per wrong arrow.
//
//   node packages/tools/check-structure.js [folder of packages]

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/**
 * @typedef {object} Room
 * @property {string} folder
 * @property {string} name
 * @property {boolean} isPrivate
 * @property {string | undefined} side
 * @property {string[]} mayImport names of rooms
 * @property {string[]} dependencies names of rooms, as an installation of the package brings them
 * @property {string[]} devDependencies names of rooms
 */

const packages = resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));
/** @type {string[]} */
const wrong = [];
const rooms = readRooms();
const names = new Map(rooms.map((room) => [room.name, room]));

for (const room of rooms) {
  checkDeclaration(room);
  for (const file of sources(room.folder)) checkImports(room, file);
}
for (const cycle of cycles()) wrong.push(`these rooms import each other: ${cycle.join(" → ")}`);
if (rooms.length === 0) wrong.push(`${packages}: no packages`);

if (wrong.length > 0) {
  process.stderr.write(`${wrong.join("\n")}\n`);
  process.exitCode = 1;
}

/** @returns {Room[]} */
function readRooms() {
  const manifests = readdirSync(packages).map((entry) => {
    const folder = join(packages, entry);
    return { folder, ...JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) };
  });
  const all = manifests.map(({ name }) => name);
  const isTop = (/** @type {any} */ manifest) => manifest.tokbind?.mayImport?.includes("*") === true;
  const below = manifests.filter((manifest) => !isTop(manifest)).map(({ name }) => name);
  return manifests.map((manifest) => {
    const { name, folder, tokbind } = manifest;
    if (!Array.isArray(tokbind?.mayImport)) {
      wrong.push(`${place(folder)}/package.json: expected "tokbind": { "mayImport": [...] }`);
    }
    const isRoom = (/** @type {string} */ each) => all.includes(each);
    return {
      folder,
      name,
      isPrivate: manifest.private === true,
      side: tokbind?.side,
      mayImport: isTop(manifest) ? below : (tokbind?.mayImport ?? []),
      dependencies: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter(isRoom),
      devDependencies: Object.keys(manifest.devDependencies ?? {}).filter(isRoom),
    };
  });
}

/** @param {Room} room */
function checkDeclaration({ folder, name, side, mayImport, dependencies, devDependencies, isPrivate }) {
  const file = `${place(folder)}/package.json`;
  for (const other of mayImport) {
    if (!names.has(other)) wrong.push(`${file}: mayImport names ${other}, which is no package here`);
  }
  const reached = below(name);
  for (const other of dependencies) {
    if (!mayImport.includes(other)) wrong.push(`${file}: ${name} may not depend on ${other}`);
    if (!isPrivate && names.get(other)?.isPrivate)
      wrong.push(`${file}: depends on ${other}, which is private`);
  }
  for (const other of devDependencies) {
    if (reached.has(other) || names.get(other)?.isPrivate) continue;
    wrong.push(`${file}: ${name} may not depend on ${other}, not even for its tests`);
  }
  for (const other of reached) {
    const otherSide = names.get(other)?.side;
    if (side === undefined || otherSide === undefined || otherSide === side) continue;
    wrong.push(`${file}: ${name} is on the ${side} side and reaches ${other} on the ${otherSide} side`);
  }
}

/** @param {Room} room @param {string} file */
function checkImports({ folder, name, mayImport, dependencies, devDependencies }, file) {
  const isShipped = !["test", "scripts"].includes(relative(folder, file).split(sep)[0] ?? "");
  const { importedFiles } = ts.preProcessFile(readFileSync(file, "utf8"), true, true);
  for (const { fileName } of importedFiles) {
    const target = resolve(dirname(file), fileName);
    const isRelative = fileName.startsWith(".");
    if (isRelative && target.startsWith(folder + sep)) continue;
    const other = isRelative
      ? rooms.find((room) => target.startsWith(room.folder + sep))?.name
      : /^(?:@[^/]+\/)?[^/]+/.exec(fileName)?.[0];
    if (other === name || (!isRelative && !names.has(other ?? ""))) continue;
    const isDeclared = isShipped
      ? !isRelative && mayImport.includes(other ?? "") && dependencies.includes(other ?? "")
      : dependencies.includes(other ?? "") || devDependencies.includes(other ?? "");
    if (!isDeclared) wrong.push(`${place(file)}: imports ${fileName}, which ${name} does not declare`);
  }
}

/** @param {string} directory @returns {string[]} */
function sources(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      return ["node_modules", "dist", "build", "coverage"].includes(entry.name) ? [] : sources(path);
    }
    return /\.[cm]?[jt]sx?$/.test(entry.name) ? [path] : [];
  });
}

/** Every room that this one may reach, however far. @param {string} name @returns {Set<string>} */
function below(name, found = /** @type {Set<string>} */ (new Set())) {
  for (const other of names.get(name)?.mayImport ?? []) {
    if (found.has(other)) continue;
    found.add(other);
    below(other, found);
  }
  return found;
}

/** Each cycle once. */
function cycles() {
  /** @type {string[][]} */
  const found = [];
  const done = new Set();
  /** @param {string} name @param {string[]} path */
  const visit = (name, path) => {
    const start = path.indexOf(name);
    if (start >= 0) found.push([...path.slice(start), name]);
    if (start >= 0 || done.has(name)) return;
    for (const other of names.get(name)?.mayImport ?? []) visit(other, [...path, name]);
    done.add(name);
  };
  for (const { name } of rooms) visit(name, []);
  return found;
}

/** @param {string} path */
function place(path) {
  return join("packages", relative(packages, path));
}
