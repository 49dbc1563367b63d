// A WebSocket of ws.
//
//   node ws.js CERTIFICATE URL

import { readFileSync } from "node:fs";
// #region imports
import WebSocket from "ws";
import { TokenBindingHttpsAgent } from "@tokbind/client";
// #endregion

const [certificate, url] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
const agent = new TokenBindingHttpsAgent({ ca });

const webSocket = new WebSocket(url, { agent });
webSocket.on("message", (message) => {
  console.log(message.toString());
  webSocket.close();
});
// #endregion
