// A request by node:https.
//
//   node https.js CERTIFICATE URL

import { readFileSync } from "node:fs";
// #region imports
import https from "node:https";
import { TokenBindingHttpsAgent } from "@tokbind/client";
// #endregion

const [certificate, url] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
const agent = new TokenBindingHttpsAgent({ ca });

https.get(url, { agent }, (response) => response.pipe(process.stdout));
// #endregion
