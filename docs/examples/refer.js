// An application that has a token issued without a redirect: it asks the shop of federation.js for nothing, but tells the
// provider itself which key the shop knows it by.
//
//   node refer.js CERTIFICATE [URL OF THE SHOP] [URL OF THE PROVIDER]

import { readFileSync } from "node:fs";
// #region imports
import { refer, TokenBindingAgent } from "@tokbind/client";
// #endregion

const [certificate, shop = "https://localhost:8443", provider = "https://127.0.0.1:8444"] =
  process.argv.slice(2);
const ca = readFileSync(certificate);

// #region refer
/** @type {import("@tokbind/client").SentRequest | undefined} */
let sent;
const agent = new TokenBindingAgent({ connect: { ca }, observe: (request) => (sent = request) });

await agent.fetch(shop, { redirect: "manual" });
const key = sent?.provided; // undefined: the shop does not do Token Binding
const referring = key === undefined ? agent : agent.compose(refer({ key, to: provider }));

const query = new URLSearchParams({ redirect_uri: `${shop}/callback` });
const answer = await referring.fetch(`${provider}/authorize?${query}`);
// #endregion
console.log(answer.status, (await answer.text()).trim());
await agent.close();
