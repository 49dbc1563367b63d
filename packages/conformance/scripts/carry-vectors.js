// Copies test-vectors/ of the clone into this package while it is packed, so that they can be run where it is
// installed; with --remove takes the copy away again.

import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const copy = fileURLToPath(new URL("../test-vectors", import.meta.url));

rmSync(copy, { recursive: true, force: true });
if (!process.argv.includes("--remove")) {
  cpSync(fileURLToPath(new URL("../../../test-vectors", import.meta.url)), copy, { recursive: true });
}
