// Signs on at the shop of federation.js, by the redirects of the shop and of the provider.
//
//   node federation-client.js CERTIFICATE [URL OF THE SHOP]

import { readFileSync } from "node:fs";
// #region imports
import { TokenBindingAgent } from "@tokbind/client";
// #endregion

const [certificate, url = "https://localhost:8443/"] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
const agent = new TokenBindingAgent({ refer: true, connect: { ca } });

const welcome = await agent.fetch(url);
// #endregion
console.log(welcome.status, (await welcome.text()).trim());

const [cookie] = welcome.headers.getSetCookie();
const home = await agent.fetch(url, { headers: { cookie: cookie?.split(";")[0] ?? "" } });
console.log(home.status, (await home.text()).trim());
await agent.close();
