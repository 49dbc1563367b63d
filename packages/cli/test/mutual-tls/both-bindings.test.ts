// Mutual TLS and Token Binding on one connection, and sessions that are bound to either.

import { randomBytes } from "node:crypto";
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { SecureVersion } from "node:tls";
import { TokenBindingAgent } from "@tokbind/client";
import { ClientCertificateVerifier } from "@tokbind/mutual-tls";
import {
  BoundSession,
  renewCertificate,
  type TokenBindingError,
  TokenBindingVerifier,
  withTokenBinding,
} from "@tokbind/server";
import { listenInTest } from "@tokbind/testing/vitest";
import { Agent, fetch } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { organization } from "./support/organization.ts";

async function start(version: SecureVersion, knowsIssuing: boolean) {
  const own = await organization();
  const { ca, server: certificate, crls } = own;
  const cas = knowsIssuing ? [ca.rootCertificate, ca.issuingCertificate] : ca.rootCertificate;
  const clients = new ClientCertificateVerifier({ ca: cas, crl: await crls() });
  const bindings = new TokenBindingVerifier();
  const session = new BoundSession({ secrets: [randomBytes(32)] });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const client = clients.verify(request);
      const binding = bindings.verify(request);
      const proof = { tbh: binding?.provided.tbh, "x5t#S256": client["x5t#S256"] };
      if (request.url === "/login")
        response.setHeader("Set-Cookie", await session.issue({ sub: "alice" }, proof));
      const claims = await session.read(request.headers.cookie, proof);
      response.end(JSON.stringify({ tbh: proof.tbh !== undefined, cnf: Object.keys(claims?.cnf ?? {}) }));
    } catch (error) {
      const { status, code } = error as TokenBindingError;
      response.writeHead(status).end(JSON.stringify({ code }));
    }
  };
  const options = { ...certificate, minVersion: version, maxVersion: version, ...clients.tlsOptions };
  const server = withTokenBinding(() =>
    https.createServer(options, (request, response) => void answer(request, response)),
  );
  const url = `https://localhost:${await listenInTest(server)}`;
  const connect = ({ cert, key }: { cert: string; key: string }) => ({ ca: ca.rootCertificate, cert, key });
  const closing = <T extends Agent>(agent: T): T => {
    onTestFinished(() => agent.destroy());
    return agent;
  };
  const get = async (dispatcher: Agent, path = "/", cookie?: string) => {
    const response = await fetch(url + path, { dispatcher, ...(cookie && { headers: { cookie } }) });
    const body = (await response.json()) as object;
    return { status: response.status, body, cookie: response.headers.getSetCookie()[0]?.split(";")[0] };
  };
  return {
    ...own,
    clients,
    get,
    bound: (holder: { cert: string; key: string }) =>
      closing(new TokenBindingAgent({ connect: connect(holder) })),
    plain: (holder: { cert: string; key: string }) => closing(new Agent({ connect: connect(holder) })),
    reload: (crl: string[]) => {
      const changed = clients.reload({ crl });
      if (changed !== undefined) renewCertificate(server, changed);
      return changed !== undefined;
    },
  };
}

describe.each<SecureVersion>(["TLSv1.2", "TLSv1.3"])("%s", (version) => {
  test("[CNF-02] [CNF-03] [ZT-06] a session is bound to the Token Binding, or else to the certificate", async () => {
    const { alice, bob, bound, plain, get } = await start(version, true);
    const both = bound(alice);
    const byKey = (await get(both, "/login")).cookie!;
    expect(await get(both, "/", byKey)).toMatchObject({ status: 200, body: { tbh: true, cnf: ["tbh"] } });
    const certificateOnly = plain(alice);
    const byCertificate = (await get(certificateOnly, "/login")).cookie!;
    expect(await get(certificateOnly, "/", byCertificate)).toMatchObject({
      status: 200,
      body: { tbh: false, cnf: ["x5t#S256"] },
    });

    const refused = (code: string) => ({ status: 401, body: { code } });
    // Another key with the same certificate, and another certificate.
    expect(await get(bound(alice), "/", byKey)).toMatchObject(refused("token_binding_mismatch"));
    expect(await get(certificateOnly, "/", byKey)).toMatchObject(refused("token_binding_missing"));
    expect(await get(plain(bob), "/", byCertificate)).toMatchObject(refused("token_binding_mismatch"));
    expect(await get(bound(bob), "/", byCertificate)).toMatchObject(refused("token_binding_mismatch"));
  });

  test.each([true, false])(
    "[CA-16] [CA-17] CRLs are reloaded, and Token Binding stays (issuing CA known: %s)",
    async (knowsIssuing) => {
      const { ca, alice, bob, bound, get, crls, reload } = await start(version, knowsIssuing);
      const [hers, his] = [bound(alice), bound(bob)];
      const cookie = (await get(his, "/login")).cookie!;
      expect(await get(hers)).toMatchObject({ status: 200, body: { tbh: true } });

      await ca.revoke({ serialNumber: alice.serialNumber });
      expect(reload(await crls())).toBe(!knowsIssuing);
      for (const agent of [hers, bound(alice)]) {
        expect(await get(agent)).toMatchObject({ status: 401, body: { code: "certificate_revoked" } });
      }
      expect(await get(his, "/", cookie)).toMatchObject({ status: 200, body: { tbh: true, cnf: ["tbh"] } });
      expect(await get(bound(bob))).toMatchObject({ status: 200, body: { tbh: true } });
      // The same key over a new connection.
      his.renewCertificate({ cert: bob.cert, key: bob.key });
      expect(await get(his, "/", cookie)).toMatchObject({ status: 200, body: { tbh: true, cnf: ["tbh"] } });
    },
  );

  test("[CA-13] [CA-24] a session that is bound to the key outlives the renewal of the certificate", async () => {
    const { ca, alice, bound, plain, get } = await start(version, true);
    const renewed = await ca.issue({ profile: "user", email: "alice@example.test" });
    const next = { cert: renewed.chain, key: renewed.privateKey };
    const both = bound(alice);
    const byKey = (await get(both, "/login")).cookie!;
    const byCertificate = (await get(plain(alice), "/login")).cookie!;
    both.renewCertificate(next);
    expect(await get(both, "/", byKey)).toMatchObject({ status: 200 });
    expect(await get(plain(next), "/", byCertificate)).toMatchObject({
      status: 401,
      body: { code: "token_binding_mismatch" },
    });
  });
});
