// A request by superagent.
//
//   node superagent.js CERTIFICATE URL

import { readFileSync } from "node:fs";
// #region imports
import superagent from "superagent";
import { TokenBindingHttpsAgent } from "@tokbind/client";
// #endregion

const [certificate, url] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
const agent = new TokenBindingHttpsAgent({ ca });

const response = await superagent.get(url).agent(agent);
// #endregion
console.log(response.text);
