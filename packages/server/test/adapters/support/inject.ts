import { once } from "node:events";
import { IncomingMessage, type RequestListener, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type { Answer } from "./client.ts";

/** Calls a listener with a request that came over no connection, as mocks do. */
export async function inject(listener: RequestListener, rawHeaders: string[]): Promise<Answer> {
  const request = new IncomingMessage(new Socket());
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) headers[rawHeaders[i]!.toLowerCase()] = rawHeaders[i + 1]!;
  Object.assign(request, {
    method: "GET",
    url: "/",
    httpVersion: "1.1",
    httpVersionMajor: 1,
    headers,
    rawHeaders,
  });
  request.push(null);
  const response = new ServerResponse(request);
  const wire = new PassThrough();
  response.assignSocket(wire as unknown as Socket);
  listener(request, response);
  await once(response, "finish");
  const sent = await text(wire.end());
  return { status: response.statusCode, text: sent.slice(sent.indexOf("\r\n\r\n") + 4) };
}
