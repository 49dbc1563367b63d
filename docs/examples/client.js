// Logs in at server.js or session-table.js and comes back with the cookie.
//
//   node client.js CERTIFICATE [URL]

import { readFileSync } from "node:fs";
// #region imports
import { FileKeyStore, TokenBindingAgent } from "@tokbind/client";
// #endregion

const [certificate, url = "https://localhost:8443/"] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
const agent = new TokenBindingAgent({ keyStore: new FileKeyStore({ directory: "keys" }), connect: { ca } });

const login = await agent.fetch(new URL("/login", url), { method: "POST" });
const cookie = login.headers.getSetCookie()[0]?.split(";")[0] ?? "";

const home = await agent.fetch(new URL("/", url), { headers: { cookie } });
// #endregion
console.log(home.status, (await home.text()).trim());
await agent.close();
