// A request by axios.
//
//   node axios.js CERTIFICATE URL

import { readFileSync } from "node:fs";
// #region imports
import axios from "axios";
import { TokenBindingHttpsAgent } from "@tokbind/client";
// #endregion

const [certificate, url] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
// proxy: false, since axios would otherwise send the request to the proxy of the environment, past the agent.
const client = axios.create({ httpsAgent: new TokenBindingHttpsAgent({ ca }), proxy: false });

const { data } = await client.get(url);
// #endregion
console.log(data);
