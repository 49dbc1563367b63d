// Fails with one line for each import or dependency between packages that structure.js does not allow.

import { fileURLToPath } from "node:url";
import { structureErrors } from "./structure.js";

for (const error of structureErrors(fileURLToPath(new URL("..", import.meta.url)))) {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
}
