import { readFileSync } from "node:fs";
import { TokenBindingAgent } from "@tokbind/client";

const [url, certificate] = process.argv.slice(2);
const agent = new TokenBindingAgent({ connect: { ca: readFileSync(certificate) } });
await (await agent.fetch(url)).text();
await agent.close();
