// Writes the generated files of test-vectors/; the same bytes on every run.

import { writeFileSync } from "node:fs";
import { files } from "./files.ts";

const target = new URL("../../../test-vectors/", import.meta.url);

for (const [name, text] of files()) writeFileSync(new URL(name, target), text);
