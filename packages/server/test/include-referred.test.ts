/* eslint @typescript-eslint/no-extraneous-class: ["error", { allowWithDecorator: true }] -- Nest's modules are classes */
/* eslint @typescript-eslint/no-unsafe-class-instance-assignment: "off" -- and so is what it takes for options */

import http2 from "node:http2";
import https from "node:https";
import "reflect-metadata";
import { createAdaptorServer } from "@hono/node-server";
import { Controller, Get, Module, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { certificate } from "@tokbind/testing";
import { keys } from "@tokbind/testing/messages";
import { listenInTest } from "@tokbind/testing/vitest";
import express, { type Response as ExpressResponse } from "express";
import express4 from "express4";
import Fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import type { Server } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import * as forExpress from "../src/adapters/express.ts";
import * as forFastify from "../src/adapters/fastify.ts";
import * as forHono from "../src/adapters/hono.ts";
import * as forKoa from "../src/adapters/koa.ts";
import { TokenBinding, TokenBindingExpressAdapter, TokenBindingModule } from "../src/adapters/nestjs.ts";
import {
  includeReferred,
  type RequestTokenBindings,
  TokenBindingError,
  TokenBindingVerifier,
  withTokenBinding,
} from "../src/index.ts";
import { connect, type Protocol } from "./adapters/support/client.ts";

const verifier = new TokenBindingVerifier();
const location = "https://accounts.example/authorize";
const name = "include-referred-token-binding-id";

function expressServer(create: typeof express): Server {
  const app = create();
  app.use(forExpress.tokenBinding(verifier));
  app.get("/", (request, response) => {
    includeReferred(response, request.tokenBinding);
    response.redirect(303, location);
  });
  return withTokenBinding(() => https.createServer(certificate, app));
}

const listener = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
  includeReferred(response, verifier.verify(request));
  response.writeHead(303, { location }).end();
};

function streamListener(
  stream: http2.ServerHttp2Stream,
  ...[, , rawHeaders]: [http2.IncomingHttpHeaders, number, string[]]
): void {
  const headers = { ":status": 303, location };
  includeReferred(headers, verifier.verify({ stream, rawHeaders }));
  stream.respond(headers, { endStream: true });
}

const servers: [string, Protocol, () => Server | Promise<Server>][] = [
  ["node:http", "http/1.1", () => withTokenBinding(() => https.createServer(certificate, listener as never))],
  ["node:http2", "h2", () => withTokenBinding(() => http2.createSecureServer(certificate, listener))],
  [
    "node:http2's streams",
    "h2",
    () => {
      const server = withTokenBinding(() => http2.createSecureServer(certificate));
      return server.on("stream", streamListener);
    },
  ],
  ["Express 5", "http/1.1", () => expressServer(express)],
  ["Express 4", "http/1.1", () => expressServer(express4)],
  [
    "Fastify",
    "http/1.1",
    async () => {
      const app = Fastify({ https: certificate, serverFactory: forFastify.tokenBindingServer() });
      app.register(forFastify.tokenBinding(verifier)).get("/", (request, reply) => {
        includeReferred(reply, request.tokenBinding);
        return reply.redirect(location, 303);
      });
      await app.ready();
      return app.server;
    },
  ],
  [
    "Hono",
    "h2",
    () => {
      const app = new Hono().use(forHono.tokenBinding(verifier)).get("/", (c) => {
        includeReferred(c, c.var.tokenBinding);
        return c.redirect(location, 303);
      });
      const options = {
        fetch: app.fetch,
        createServer: http2.createSecureServer,
        serverOptions: certificate,
      };
      return withTokenBinding(() => createAdaptorServer(options));
    },
  ],
  [
    "Koa",
    "http/1.1",
    () => {
      const app = new Koa().use(forKoa.tokenBinding(verifier)).use((ctx) => {
        includeReferred(ctx, ctx.state.tokenBinding);
        ctx.status = 303;
        ctx.redirect(location);
      });
      return withTokenBinding(() => https.createServer(certificate, app.callback() as never));
    },
  ],
  ["NestJS", "http/1.1", nestServer],
];

@Controller()
class AppController {
  @Get()
  login(@Res() response: ExpressResponse, @TokenBinding() binding: RequestTokenBindings | undefined) {
    includeReferred(response, binding);
    response.redirect(303, location);
  }
}

@Module({ imports: [TokenBindingModule.forRoot(verifier)], controllers: [AppController] })
class AppModule {}

async function nestServer(): Promise<Server> {
  const options = { httpsOptions: certificate, logger: false } as const;
  const app = await NestFactory.create(AppModule, new TokenBindingExpressAdapter(), options);
  await app.init();
  onTestFinished(() => app.close());
  return app.getHttpServer() as Server;
}

describe.each(servers)("%s", (_what, protocol, create) => {
  test("asks a client that has proven a key, and no other [TBH-5.3-01]", async () => {
    const port = await listenInTest(await create());
    const bound = await connect(protocol, port);
    const proof = await bound.prove(keys.ec);
    const asked = await bound.requestWhole({ headers: { "sec-token-binding": proof } });
    expect(asked).toMatchObject({ status: 303, headers: { location, [name]: "true" } });
    const unbound = await (await connect(protocol, port, { offer: false })).requestWhole();
    expect(unbound).toMatchObject({ status: 303, headers: { location } });
    expect(unbound.headers).not.toHaveProperty(name);
  });
});

const bindings: RequestTokenBindings = {
  provided: { id: keys.ec.id.bytes, tbh: "", keyParameters: "ecdsap256" },
  others: [],
};

test("sets the field once in Headers, and says whether", () => {
  const headers = new Headers();
  expect(includeReferred(headers, undefined)).toBe(false);
  expect([...headers]).toEqual([]);
  for (let i = 0; i < 2; i++) expect(includeReferred(headers, bindings)).toBe(true);
  expect([...headers]).toEqual([[name, "true"]]);
});

test.each<unknown>([
  undefined,
  null,
  "response",
  5,
  [],
  { rawHeaders: [], header: () => "" },
  new URL("https://x"),
])("refuses %j for a response, whatever was proven", (response) => {
  for (const given of [bindings, undefined]) {
    expect(() => includeReferred(response as Headers, given)).toThrow(TokenBindingError);
  }
});

test.each<unknown>([null, true, {}, { provided: true }, { provided: { tbh: "x" } }])(
  "refuses %j for what was proven",
  (given) => {
    expect(() => includeReferred(new Headers(), given as RequestTokenBindings)).toThrow(
      expect.objectContaining({ code: "invalid_argument" }) as Error,
    );
  },
);
