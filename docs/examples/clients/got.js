// A request by got.
//
//   node got.js CERTIFICATE URL

import { readFileSync } from "node:fs";
// #region imports
import got from "got";
import { TokenBindingHttpsAgent } from "@tokbind/client";
// #endregion

const [certificate, url] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
const client = got.extend({ agent: { https: new TokenBindingHttpsAgent({ ca }) } });

const text = await client(url).text();
// #endregion
console.log(text);
