import { readFileSync } from "node:fs";

const read = (name: string) => readFileSync(new URL(`../../tools/certificate/${name}`, import.meta.url));

/** Self-signed, for localhost. */
export const certificate = { cert: read("cert.pem"), key: read("key.pem") };
