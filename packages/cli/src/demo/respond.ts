import type { IncomingMessage, ServerResponse } from "node:http";
import { TokenBindingError } from "@tokbind/server";
import { warn } from "../output.ts";
import { FormTooLong } from "./read-form.ts";

export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, "application/json", `${JSON.stringify(body)}\n`);
}

export function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  });
  response.end(body);
}

export function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // The client has gone away in the middle of its request, or an answer has begun: there is nothing left to say.
  if (response.headersSent || (request.destroyed && !request.complete)) {
    response.destroy();
  } else if (error instanceof TokenBindingError) {
    sendJson(response, error.status, { error: error.message, code: error.code });
  } else if (error instanceof FormTooLong) {
    // There may be more of it to come.
    response.setHeader("Connection", "close");
    sendJson(response, 413, { error: `expected ${error.expected}`, code: "form_too_long" });
  } else {
    warn(`serve: ${String(error)}\n`);
    sendJson(response, 500, { error: "internal error", code: "internal_error" });
  }
}
