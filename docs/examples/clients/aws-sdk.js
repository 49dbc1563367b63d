// A request by the handler that the clients of the AWS SDK take as their requestHandler.
//
//   node aws-sdk.js CERTIFICATE URL

import { readFileSync } from "node:fs";
// #region imports
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { HttpRequest } from "@smithy/protocol-http";
import { TokenBindingHttpsAgent } from "@tokbind/client";
// #endregion

const [certificate, url] = process.argv.slice(2);
const ca = readFileSync(certificate);

// #region client
const requestHandler = new NodeHttpHandler({ httpsAgent: new TokenBindingHttpsAgent({ ca }) });
// #endregion
const { hostname, port, pathname } = new URL(url);
const request = new HttpRequest({ hostname, port: Number(port), path: pathname });
const { response } = await requestHandler.handle(request);
response.body.pipe(process.stdout);
