// Requests through a forward proxy, with either agent.
//
//   node proxy.js CERTIFICATE URL PROXY

import { readFileSync } from "node:fs";
// #region imports
import https from "node:https";
import { TokenBindingAgent, TokenBindingHttpsAgent } from "@tokbind/client";
// #endregion

const [certificate, url, proxy] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
const { fetch } = new TokenBindingAgent({ proxy, connect: { ca } });
const response = await fetch(url);

// proxy: "environment" takes HTTPS_PROXY and NO_PROXY instead of a URL.
const observe = ({ url, proxy = "directly" }) => console.log(url, proxy);
const agent = new TokenBindingHttpsAgent({ proxy, ca, observe });
https.get(url, { agent }, (response) => response.pipe(process.stdout));
// #endregion
console.log(await response.text());
