import http, { type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import https from "node:https";
import { includeReferred, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { expect, test } from "vitest";
import { nextRequest, type PlannedRequest } from "../src/request/next-request.ts";
import { tokbind } from "./support/tokbind.ts";

const verifier = new TokenBindingVerifier();

/** An https server for the length of a test, at this name for the same machine. */
async function serveAt(host: string, listener: RequestListener): Promise<string> {
  const server = withTokenBinding(() => https.createServer(certificate, listener));
  return `https://${host}:${await listenInTest(server)}`;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { provided, referred } = verifier.verify(request)!;
  response.end(JSON.stringify({ provided: provided.tbh, referred: referred?.tbh ?? null }));
}

interface Output {
  readonly url: string;
  readonly status: number;
  readonly body: string;
  readonly redirects: { url: string; status: number; secTokenBinding: string | null }[];
}

async function request(...args: string[]): Promise<Output> {
  const { stdout, stderr } = await tokbind(["request", "-k", "--json", ...args]);
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Output;
}

test("request --refer follows, and refers where it is asked to; without it nothing is followed [TBH-6-02]", async () => {
  const provider = await serveAt("127.0.0.1", answer);
  const proven: (string | undefined)[] = [];
  const consumer = await serveAt("localhost", (incoming, response) => {
    const bindings = verifier.verify(incoming);
    proven.push(bindings?.provided.tbh);
    if (incoming.url === "/ask") includeReferred(response, bindings);
    response.writeHead(302, { location: `${provider}/authorize` }).end("moved");
  });
  const asked = await request("--refer", `${consumer}/ask`);
  expect(asked).toMatchObject({ url: `${provider}/authorize`, status: 200 });
  expect(asked.redirects).toMatchObject([{ url: `${consumer}/ask`, status: 302 }]);
  expect(asked.redirects[0]!.secTokenBinding).toMatch(/^AI/);
  const shown = JSON.parse(asked.body) as Record<string, string>;
  expect(shown["referred"]).toBe(proven[0]);
  expect(shown["provided"]).not.toBe(proven[0]);

  const unasked = await request("--refer", `${consumer}/`);
  expect(JSON.parse(unasked.body)).toMatchObject({ referred: null });
  expect(await request(`${consumer}/ask`)).toMatchObject({ status: 302, body: "moved", redirects: [] });
});

test("request --refer -v shows every request", async () => {
  const provider = await serveAt("127.0.0.1", answer);
  const consumer = await serveAt("localhost", (_incoming, response) => {
    response.writeHead(307, { location: provider }).end();
  });
  const { code, stderr } = await tokbind(["request", "-k", "-v", "--refer", "-d", "a=b", consumer]);
  expect(code).toBe(0);
  expect(stderr.match(/^\* POST .*|^< \d+/gm)).toEqual([
    `* POST ${consumer}`,
    "< 307",
    `* POST ${provider}/`,
    "< 200",
  ]);
});

test("request --refer ends in a loop, leads to no other scheme, and needs Token Binding", async () => {
  let count = 0;
  const loop = await serveAt("localhost", (incoming, response) => {
    count++;
    response.writeHead(302, { location: incoming.url === "/file" ? "file:///etc/hostname" : "/" }).end();
  });
  expect(await tokbind(["request", "-k", "--refer", loop])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^tokbind: [^\n]*expected at most 20 redirects, got more\n$/) as string,
  });
  expect(count).toBe(21);
  expect(await tokbind(["request", "-k", "--refer", `${loop}/file`])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^tokbind: [^\n]*expected one Location[^\n]*\n$/) as string,
  });
  expect((await tokbind(["request", "--refer", "--no-token-binding", loop])).code).toBe(2);
});

test("request --refer from https to http tells nothing", async () => {
  const seen: http.IncomingHttpHeaders[] = [];
  const plain = http.createServer((incoming, response) => {
    seen.push(incoming.headers);
    response.end("ok");
  });
  const port = await listenInTest(plain);
  const consumer = await serveAt("localhost", (incoming, response) => {
    includeReferred(response, verifier.verify(incoming));
    response.writeHead(302, { location: `http://localhost:${port}/` }).end();
  });
  const secret = ["-H", "Cookie: a=b", "-H", "Authorization: Bearer a"];
  expect(await request("--refer", ...secret, consumer)).toMatchObject({ body: "ok" });
  for (const name of ["cookie", "authorization", "sec-token-binding"])
    expect(seen[0]).not.toHaveProperty(name);
});

const planned: PlannedRequest = {
  url: "https://a.example/x/y?z",
  method: "POST",
  headers: ["Content-Type", "text/plain", "COOKIE", "a=b", "authorization", "x", "X-Own", "1", "Host", "h"],
  body: "body",
};
const after = (
  status: number,
  location: string | string[] | undefined,
  request: Partial<PlannedRequest> = {},
) => nextRequest({ ...planned, ...request }, { statusCode: status, headers: { location } });

test("a redirect is followed by the rules of fetch [TBH-5.5-01]", () => {
  for (const status of [301, 302, 303]) {
    expect(after(status, "https://b.example/")).toEqual({
      url: "https://b.example/",
      method: "GET",
      headers: ["X-Own", "1"],
      body: undefined,
    });
  }
  for (const status of [307, 308]) {
    expect(after(status, "../w")).toEqual({ ...planned, url: "https://a.example/w" });
  }
  expect(after(301, "/", { method: "PUT" })).toMatchObject({ method: "PUT", body: "body" });
  expect(after(303, "/", { method: "PUT" })).toMatchObject({ method: "GET", body: undefined });
  expect(after(303, "/", { method: "HEAD" })).toMatchObject({ method: "HEAD" });
  expect(after(307, "//a.example:444/")!.headers).toEqual(["Content-Type", "text/plain", "X-Own", "1"]);
  expect(after(307, "http://a.example/")!.headers).toEqual(["Content-Type", "text/plain", "X-Own", "1"]);
  for (const status of [200, 201, 300, 304, 305, 400]) expect(after(status, "/")).toBeUndefined();
  expect(after(302, undefined)).toBeUndefined();
  for (const location of ["https://", "data:,x", ["/", "/"]])
    expect(() => after(302, location)).toThrow("Location");
});
