import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const carried = fileURLToPath(new URL("../../test-vectors", import.meta.url));
const ofClone = fileURLToPath(new URL("../../../../test-vectors", import.meta.url));

/** test-vectors/, which a package that was packed carries along; in a clone it lies at the top. */
export const ownVectors = existsSync(carried) ? carried : ofClone;
