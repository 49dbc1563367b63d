import type { RequestListener } from "node:http";
import https from "node:https";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { withTokenBinding } from "../../src/index.ts";

/** Starts an HTTPS server that negotiates Token Binding, for the length of a test, and returns its port. */
export function startServer(
  listener: RequestListener,
  options: https.ServerOptions = {},
  maxHeadersCount?: number,
): Promise<number> {
  const server = withTokenBinding(() => https.createServer({ ...certificate, ...options }, listener));
  if (maxHeadersCount !== undefined) server.maxHeadersCount = maxHeadersCount;
  return listenInTest(server);
}
