// A request by node-fetch.
//
//   node node-fetch.js CERTIFICATE URL

import { readFileSync } from "node:fs";
// #region imports
import http from "node:http";
import fetch from "node-fetch";
import { TokenBindingHttpsAgent } from "@tokbind/client";
// #endregion

const [certificate, url] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
const httpsAgent = new TokenBindingHttpsAgent({ ca });
// A function, since a redirect may lead to http.
const agent = ({ protocol }) => (protocol === "https:" ? httpsAgent : http.globalAgent);

const response = await fetch(url, { agent });
// #endregion
console.log(await response.text());
