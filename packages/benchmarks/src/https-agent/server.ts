// The server of https-agents.ts, in a process of its own: `node server.js`. It negotiates Token Binding with whoever offers
// it, and answers every request alike.

import https from "node:https";
import { withTokenBinding } from "@tokbind/server";
import { certificate } from "@tokbind/testing";
import { serveMeasured } from "../meters.ts";

const options = { ...certificate, keepAliveTimeout: 600_000 };
await serveMeasured(
  withTokenBinding(() => https.createServer(options, (_request, response) => response.end("alice"))),
);
