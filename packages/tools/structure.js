// Layers: what each room declares in its package.json that it may import, and whether it keeps to that.
//
//   "tokbind": { "mayImport": ["@tokbind/codec"], "side": "server" }
//
// "*" stands for every room that does not say "*" itself. Rooms of different sides never reach each other, and the
// declarations have no cycle. Tests and scripts may also import what lies below a room's own imports, private rooms,
// and the inside of either, as long as package.json names them.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import ts from "typescript";

/**
 * @typedef {object} Room
 * @property {string} folder
 * @property {string} file its package.json, as errors name it
 * @property {string} name
 * @property {boolean} isPrivate
 * @property {boolean} isDeclared
 * @property {string | undefined} side
 * @property {string[]} mayImport names of rooms
 * @property {string[]} dependencies names of rooms, as an installation of the package brings them
 * @property {string[]} devDependencies names of rooms
 */

/** @typedef {Map<string, Room>} Rooms by name */

/**
 * One sentence per wrong arrow.
 *
 * @param {string} packages folder of the packages
 * @returns {Generator<string>}
 */
export function* structureErrors(packages) {
  const rooms = readRooms(packages);
  if (rooms.size === 0) yield `${packages}: no packages`;
  for (const room of rooms.values()) {
    yield* declarationErrors(room, rooms);
    for (const file of sources(room.folder)) {
      for (const name of wrongImports(file, room, rooms)) {
        yield `packages/${relative(packages, file)}: imports ${name}, which ${room.name} does not declare`;
      }
    }
  }
  for (const cycle of cycles(rooms)) yield `these rooms import each other: ${cycle.join(" → ")}`;
}

/** @param {string} packages @returns {Rooms} */
function readRooms(packages) {
  const manifests = readdirSync(packages).map((entry) => {
    const folder = join(packages, entry);
    return { folder, entry, ...JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) };
  });
  const isTop = (/** @type {any} */ manifest) => manifest.tokbind?.mayImport?.includes("*") === true;
  const below = manifests.filter((manifest) => !isTop(manifest)).map(({ name }) => name);
  const all = new Set(manifests.map(({ name }) => name));
  const roomsAmong = (/** @type {object} */ dependencies) =>
    Object.keys(dependencies).filter((name) => all.has(name));
  return new Map(
    manifests.map((manifest) => [
      manifest.name,
      {
        folder: manifest.folder,
        file: `packages/${manifest.entry}/package.json`,
        name: manifest.name,
        isPrivate: manifest.private === true,
        isDeclared: Array.isArray(manifest.tokbind?.mayImport),
        side: manifest.tokbind?.side,
        mayImport: isTop(manifest) ? below : (manifest.tokbind?.mayImport ?? []),
        dependencies: roomsAmong({ ...manifest.dependencies, ...manifest.peerDependencies }),
        devDependencies: roomsAmong(manifest.devDependencies ?? {}),
      },
    ]),
  );
}

/** @param {Room} room @param {Rooms} rooms @returns {Generator<string>} */
function* declarationErrors(room, rooms) {
  const { file, name, side, mayImport } = room;
  if (!room.isDeclared) yield `${file}: expected "tokbind": { "mayImport": [...] }`;
  for (const other of mayImport) {
    if (!rooms.has(other)) yield `${file}: mayImport names ${other}, which is no package here`;
  }
  for (const other of room.dependencies) {
    if (!mayImport.includes(other)) yield `${file}: ${name} may not depend on ${other}`;
    if (!room.isPrivate && rooms.get(other)?.isPrivate)
      yield `${file}: depends on ${other}, which is private`;
  }
  const reached = below(name, rooms);
  for (const other of room.devDependencies) {
    if (reached.has(other) || rooms.get(other)?.isPrivate) continue;
    yield `${file}: ${name} may not depend on ${other}, not even for its tests`;
  }
  for (const other of reached) {
    const otherSide = rooms.get(other)?.side;
    if (side === undefined || otherSide === undefined || otherSide === side) continue;
    yield `${file}: ${name} is on the ${side} side and reaches ${other} on the ${otherSide} side`;
  }
}

/** What a file imports and may not. @param {string} file @param {Room} room @param {Rooms} rooms */
function wrongImports(file, room, rooms) {
  const { folder, name, mayImport, dependencies, devDependencies } = room;
  const isShipped = !["test", "scripts"].includes(relative(folder, file).split(sep)[0]);
  const { importedFiles } = ts.preProcessFile(readFileSync(file, "utf8"), true, true);
  return importedFiles
    .map(({ fileName }) => fileName)
    .filter((fileName) => {
      const isPath = fileName.startsWith(".");
      const other = isPath ? roomOf(resolve(dirname(file), fileName), rooms) : packageOf(fileName);
      if (other === name || (!isPath && !rooms.has(other))) return false;
      if (!isShipped) return !dependencies.includes(other) && !devDependencies.includes(other);
      return isPath || !mayImport.includes(other) || !dependencies.includes(other);
    });
}

/** @param {string} specifier of a package or something in it */
function packageOf(specifier) {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}

/** Name of the room that a path lies in, "" for none. @param {string} path @param {Rooms} rooms */
function roomOf(path, rooms) {
  return [...rooms.values()].find(({ folder }) => path.startsWith(folder + sep))?.name ?? "";
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

/**
 * Every room that this one may reach, however far.
 *
 * @param {string} name @param {Rooms} rooms @param {Set<string>} found
 */
function below(name, rooms, found = new Set()) {
  for (const other of rooms.get(name)?.mayImport ?? []) {
    if (found.has(other)) continue;
    found.add(other);
    below(other, rooms, found);
  }
  return found;
}

/** Each cycle once, its first room also at the end. @param {Rooms} rooms */
function cycles(rooms) {
  /** @type {string[][]} */
  const found = [];
  const done = new Set();
  /** @param {string} name @param {string[]} path */
  const visit = (name, path) => {
    const start = path.indexOf(name);
    if (start >= 0) found.push([...path.slice(start), name]);
    if (start >= 0 || done.has(name)) return;
    for (const other of rooms.get(name)?.mayImport ?? []) visit(other, [...path, name]);
    done.add(name);
  };
  for (const name of rooms.keys()) visit(name, []);
  return found;
}
