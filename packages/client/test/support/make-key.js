import { FileKeyStore } from "@tokbind/client";

// A process of its own, on the built package, that says what key it has and nothing else.
const [directory, scope, keyParameters] = process.argv.slice(2);
const { id } = await new FileKeyStore({ directory }).get(scope, keyParameters);
process.stdout.write(Buffer.from(id.bytes).toString("base64url"));
