// Behind a real nginx and a real HAProxy, which end mutual TLS and hand the certificate on.

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { RawClient } from "@tokbind/testing/vitest";
import { describe, expect, test } from "vitest";
import { certificateThumbprint, encodeClientCert, ProxiedClientCertificateVerifier } from "../src/index.ts";
import { organization } from "./support/organization.ts";
import { connectProxy, hasHaproxy, hasNginx, startProxy } from "./support/proxies.ts";
import { connectPlain, createBackend, listenOnSocket } from "./support/requests.ts";

const { root, issuing, good, revoked, stranger, server } = await organization();
const ca = root.cert + issuing.cert;
const thumbprint = certificateThumbprint(new X509Certificate(good.cert));
const forged = `Client-Cert: ${encodeClientCert(new X509Certificate(good.cert))}`;
const escaped = `X-SSL-Cert: ${encodeURIComponent(good.cert.slice(0, good.cert.indexOf("-----END") + 25))}`;

describe.each([
  ["nginx", hasNginx, "X-SSL-Cert"],
  ["haproxy", hasHaproxy, undefined],
] as const)("%s", (program, isThere, escapedPemField) => {
  test.runIf(isThere)(
    "[CC-2.1-01] [CC-2.4-01] [CC-4-02] the owner is served, whoever forges the field is not, nor the revoked",
    async () => {
      const verifier = new ProxiedClientCertificateVerifier({
        ...{ ca, crl: issuing.crl() + root.crl(), escapedPemField },
        trustedProxies: { unixSocket: true },
      });
      const backend = await listenOnSocket(createBackend(verifier));
      const proxy = await startProxy(program, { backend, ca, ...server });
      const missing = { status: 401, body: { code: "certificate_missing" } };

      const owner = await connectProxy(proxy, good);
      const served = { status: 200, body: { kind: "user", x5t: thumbprint } };
      expect(await owner.get()).toMatchObject(served);
      expect(await owner.get(forged, escaped)).toMatchObject(served);
      expect(await (await connectProxy(proxy, {})).get()).toMatchObject(missing);
      expect(await (await connectProxy(proxy, {})).get(forged, escaped)).toMatchObject(missing);

      const late = await connectProxy(proxy, revoked);
      expect(await late.get()).toMatchObject({ status: 200 });
      verifier.reload({ crl: issuing.crl({ revoked: [revoked.serial] }) + root.crl() });
      expect(await late.get()).toMatchObject({ status: 401, body: { code: "certificate_revoked" } });
      expect(await owner.get()).toMatchObject(served);

      // Both refuse a stranger themselves: with a page of their own, or by closing the connection.
      const other = connectProxy(proxy, stranger).then((client) =>
        Promise.race([client.get(), closed(client)]),
      );
      await expect(other).rejects.toThrow();
    },
  );
});

test("[CC-4-02] straight to the backend, a forged field counts nothing", async () => {
  const verifier = new ProxiedClientCertificateVerifier({
    ca,
    trustedProxies: { addressesWithoutProof: ["192.0.2.1"] },
  });
  const client = await connectPlain({ path: await listenOnSocket(createBackend(verifier)) });
  expect(await client.get(forged)).toMatchObject({ status: 400, body: { code: "proxy_untrusted" } });
});

async function closed({ socket }: RawClient): Promise<never> {
  await once(socket, "close");
  throw new Error("closed");
}
