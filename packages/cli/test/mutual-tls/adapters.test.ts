// Client certificates in the frameworks, by the adapters of Token Binding.

import http2 from "node:http2";
import https from "node:https";
import type { Server } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import {
  ClientCertificateVerifier,
  ProxiedClientCertificateVerifier,
  encodeClientCert,
} from "@tokbind/mutual-tls";
import * as expressAdapter from "@tokbind/server/express";
import * as fastifyAdapter from "@tokbind/server/fastify";
import * as honoAdapter from "@tokbind/server/hono";
import * as koaAdapter from "@tokbind/server/koa";
import {
  type CertificateVerifier,
  type RequestVerifier,
  TokenBindingVerifier,
  withTokenBinding,
} from "@tokbind/server";
import { TokenBindingAgent } from "@tokbind/client";
import { listenInTest } from "@tokbind/testing/vitest";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { X509Certificate } from "node:crypto";
import { fetch } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { organization } from "./support/organization.ts";

interface Verifiers {
  readonly binding: RequestVerifier;
  readonly everybody: CertificateVerifier;
  /** For /staff. */
  readonly staff: CertificateVerifier;
}

type Start = (verifiers: Verifiers, options: https.ServerOptions) => Server | Promise<Server>;

const frameworks: Record<string, Start> = {
  express: ({ binding, everybody, staff }, options) => {
    const app = express();
    app.use(expressAdapter.clientCertificate(everybody), expressAdapter.tokenBinding(binding));
    app.use("/staff", expressAdapter.clientCertificate(staff));
    app.use((request, response) => {
      response.json({ kind: request.clientCertificate?.kind, tbh: request.tokenBinding?.provided.tbh });
    });
    return withTokenBinding(() => https.createServer(options, app));
  },
  fastify: async ({ binding, everybody, staff }, options) => {
    const app = Fastify({ https: options, serverFactory: fastifyAdapter.tokenBindingServer() });
    app.register(fastifyAdapter.clientCertificate(everybody));
    app.register(fastifyAdapter.tokenBinding(binding));
    app.get("/", (request) => ({
      kind: request.clientCertificate?.kind,
      tbh: request.tokenBinding?.provided.tbh,
    }));
    app.register((inner, _options, done) => {
      inner.register(fastifyAdapter.clientCertificate(staff));
      inner.get("/staff", (request) => ({ kind: request.clientCertificate?.kind }));
      done();
    });
    await app.ready();
    return app.server;
  },
  hono: ({ binding, everybody, staff }, options) => {
    const app = new Hono();
    app.use(honoAdapter.clientCertificate(everybody), honoAdapter.tokenBinding(binding));
    app.use("/staff", honoAdapter.clientCertificate(staff));
    app.get("*", (c) =>
      c.json({ kind: c.var.clientCertificate?.kind, tbh: c.var.tokenBinding?.provided.tbh }),
    );
    const { fetch } = app;
    return withTokenBinding(() =>
      createAdaptorServer({ fetch, createServer: https.createServer, serverOptions: options }),
    );
  },
  koa: ({ binding, everybody, staff }, options) => {
    const app = new Koa();
    app.on("error", () => undefined);
    app.use(koaAdapter.clientCertificate(everybody)).use(koaAdapter.tokenBinding(binding));
    const forStaff = koaAdapter.clientCertificate(staff);
    app.use(async (ctx, next) => {
      if (ctx.path === "/staff") await forStaff(ctx, next);
      else await next();
    });
    app.use((ctx) => {
      const { clientCertificate, tokenBinding } = ctx.state;
      ctx.body = { kind: clientCertificate?.kind, tbh: tokenBinding?.provided.tbh };
    });
    const callback = app.callback();
    return withTokenBinding(() =>
      https.createServer(options, (request, response) => void callback(request, response)),
    );
  },
};

const codeOf = (text: string) =>
  text.startsWith("{") ? (JSON.parse(text) as { code: string }).code : text.split(":")[0];

describe.each(Object.entries(frameworks))("%s", (_name, start) => {
  test("[ZT-07] [ZT-09] [ZT-10] whoever has no certificate reaches nothing; a route asks for its own", async () => {
    const { ca, server, alice, sensor, crls } = await organization();
    const verifier = new ClientCertificateVerifier({
      ca: [ca.rootCertificate, ca.issuingCertificate],
      crl: await crls(),
    });
    const verifiers = {
      binding: new TokenBindingVerifier(),
      everybody: verifier,
      staff: verifier.allow(({ kind }) => kind === "user"),
    };
    const port = await listenInTest(await start(verifiers, { ...server, ...verifier.tlsOptions }));
    const get = async (path: string, holder?: { cert: string; key: string }) => {
      const agent = new TokenBindingAgent({
        connect: { ca: ca.rootCertificate, ...(holder && { cert: holder.cert, key: holder.key }) },
      });
      onTestFinished(() => agent.destroy());
      const response = await agent.fetch(`https://localhost:${port}${path}`);
      return [response.status, await response.text()] as const;
    };
    const [status, text] = await get("/", sensor);
    expect([status, JSON.parse(text)]).toEqual([200, { kind: "device", tbh: expect.any(String) as string }]);
    expect((await get("/staff", alice))[0]).toBe(200);
    const [forbidden, reason] = await get("/staff", sensor);
    expect([forbidden, codeOf(reason)]).toEqual([403, "certificate_subject_mismatch"]);
    for (const path of ["/", "/staff", "/absent"]) {
      const [refused, why] = await get(path);
      expect([refused, codeOf(why)]).toEqual([401, "certificate_missing"]);
    }
    await ca.revoke({ serialNumber: alice.serialNumber });
    verifier.reload({ crl: await crls() });
    const [late, revoked] = await get("/staff", alice);
    expect([late, codeOf(revoked)]).toEqual([401, "certificate_revoked"]);
  });

  test("[CC-2.4-03] behind a proxy, answers vary by the field", async () => {
    const { ca, server, alice, crls } = await organization();
    const verifier = new ProxiedClientCertificateVerifier({
      ca: [ca.rootCertificate, ca.issuingCertificate],
      crl: await crls(),
      trustedProxies: { addressesWithoutProof: ["127.0.0.1"] },
    });
    const verifiers = { binding: new TokenBindingVerifier(), everybody: verifier, staff: verifier };
    const port = await listenInTest(await start(verifiers, { cert: server.cert, key: server.key }));
    const agent = new TokenBindingAgent({ connect: { ca: ca.rootCertificate } });
    onTestFinished(() => agent.destroy());
    const headers = { "Client-Cert": encodeClientCert(new X509Certificate(alice.cert)) };
    const response = await fetch(`https://localhost:${port}/`, { dispatcher: agent, headers });
    expect(response.status).toBe(200);
    expect(response.headers.get("vary")).toContain("Client-Cert");
    expect(response.headers.has("client-cert")).toBe(false);
    expect(await response.json()).toMatchObject({ kind: "user" });
  });
});

test("HTTP/2, in Express's manner", async () => {
  const { ca, server, alice } = await organization();
  const verifier = new ClientCertificateVerifier({ ca: ca.rootCertificate });
  const listener: (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void = (
    request,
    response,
  ) => response.end(String(verifier.verify(request).kind));
  const port = await listenInTest(
    withTokenBinding(() => http2.createSecureServer({ ...server, ...verifier.tlsOptions }, listener)),
  );
  const agent = new TokenBindingAgent({
    connect: { ca: ca.rootCertificate, cert: alice.cert, key: alice.key },
    allowH2: true,
  });
  onTestFinished(() => agent.destroy());
  expect(await (await agent.fetch(`https://localhost:${port}/`)).text()).toBe("user");
});
