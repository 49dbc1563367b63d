export type { Outcome } from "./vectors/outcome.ts";
export { readVectorFiles, type VectorCase, type VectorFile } from "./vectors/read-vectors.ts";
export { type CaseReport, runVectorFile } from "./vectors/run-vectors.ts";
export { VectorFileError } from "./vectors/vector-file-error.ts";
