// The server of clients.ts, in a process of its own: `node server.js`. It speaks HTTP/1.1 and HTTP/2, negotiates Token
// Binding with whoever offers it, and answers every request alike.

import http2, { type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { withTokenBinding } from "@tokbind/server";
import { certificate } from "@tokbind/testing";
import { serveMeasured } from "../meters.ts";

const answer = (_request: Http2ServerRequest, response: Http2ServerResponse) => {
  response.end("alice");
};
const options = { ...certificate, allowHTTP1: true };
await serveMeasured(withTokenBinding(() => http2.createSecureServer(options, answer)));
