import { readFileSync } from "node:fs";

const read = (name: string) => readFileSync(new URL(`../certificate/${name}`, import.meta.url), "utf8");

/** Self-signed, PEM: for localhost, 127.0.0.1 and a few names of tests; valid until 2099. */
export const certificate = { cert: read("cert.pem"), key: read("key.pem") };
