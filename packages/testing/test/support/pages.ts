import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** Text of a file, by its path from the root of the repository. */
export const read = (path: string): string => readFileSync(root + path, "utf8");

const namesIn = (folder: string, recursive = false) =>
  readdirSync(root + folder, { recursive, encoding: "utf8" }).map((name) => `${folder}${name}`);

/** Every page of documentation in the repository, by its path. */
export const pages: readonly string[] = [
  ...readdirSync(root),
  ...namesIn("docs/", true),
  ...namesIn("test-vectors/"),
  ...namesIn("packages/").map((folder) => `${folder}/README.md`),
].filter((path) => path.endsWith(".md") && !path.includes("node_modules") && existsSync(root + path));
