// TLS 1.2 and 1.3; new, resumed and kept-alive connections; good, revoked, expired, foreign, misused and no certificates;
// HTTP/1.1 and HTTP/2; with the issuing CA in `ca` and without.

import { constants, randomBytes } from "node:crypto";
import type { SecureVersion, TlsOptions } from "node:tls";
import { listenInTest } from "@tokbind/testing/vitest";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ClientCertificateVerifier } from "../src/index.ts";
import { type Client, connect, type Protocol } from "./support/clients.ts";
import { organization } from "./support/organization.ts";
import { createServer, keepSessions } from "./support/servers.ts";

const { root, issuing, good, revoked, expired, early, stranger, server: misused } = await organization();

const versions: SecureVersion[] = ["TLSv1.2", "TLSv1.3"];
const protocols: Protocol[] = ["http/1.1", "h2"];
const casOf = {
  "root and issuing CA": [root.cert, issuing.cert],
  "root alone": [root.cert],
} as const;

/** How a session is resumed. */
type Resumption = "ticket" | "fixed ticketKeys" | "session id";

const holders = { good, revoked, expired, early, stranger, misused, none: undefined };
type Holder = keyof typeof holders;

const before: Record<Holder, [status: number, code: string | undefined]> = {
  good: [200, undefined],
  revoked: [200, undefined],
  expired: [401, "certificate_expired"],
  early: [401, "certificate_expired"],
  stranger: [401, "certificate_untrusted"],
  misused: [401, "certificate_purpose"],
  none: [401, "certificate_missing"],
};
const after: typeof before = { ...before, revoked: [401, "certificate_revoked"] };

afterEach(() => vi.useRealTimers());

async function start(
  version: SecureVersion,
  protocol: Protocol,
  ca: readonly string[],
  resumption: Resumption = "ticket",
) {
  const verifier = new ClientCertificateVerifier({ ca, crl: issuing.crl() + root.crl() });
  const fixed: TlsOptions = {
    ...{ minVersion: version, maxVersion: version },
    ...(resumption === "fixed ticketKeys" && { ticketKeys: randomBytes(48) }),
    ...(resumption === "session id" && { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
  const server = createServer(protocol, verifier, { ...fixed, ...verifier.tlsOptions });
  if (resumption === "session id") keepSessions(server);
  const port = await listenInTest(server);
  return {
    verifier,
    open: (holder: Holder, session?: Buffer) =>
      connect({ port, version, protocol, ...holders[holder], session }),
    /** As somebody does who does not know renewCertificate: with the same ticket keys. */
    renew: () => {
      const { cert, key } = server as TlsOptions;
      server.setSecureContext({
        ...{ cert, key, ticketKeys: server.getTicketKeys() },
        ...fixed,
        ...verifier.tlsOptions,
      });
    },
  };
}

/** Status and code of the next request. */
async function outcome(client: Client): Promise<[number, string | undefined]> {
  const { status, body } = await client.get();
  return [status, (body as { code?: string }).code];
}

const revocation = () => issuing.crl({ revoked: [revoked.serial] }) + root.crl();

describe.each(versions)("%s", (version) => {
  describe.each(protocols)("%s", (protocol) => {
    describe.each(Object.keys(casOf) as (keyof typeof casOf)[])("%s", (cas) => {
      const ca = casOf[cas];

      test.each(Object.keys(holders) as Holder[])(
        "[CA-16] [CA-17] [CA-19] %s: new and kept alive, before and after a reload",
        async (holder) => {
          const { open, verifier, renew } = await start(version, protocol, ca);
          const kept = await open(holder);
          expect(await outcome(kept)).toEqual(before[holder]);
          expect(await outcome(kept)).toEqual(before[holder]);
          if (verifier.reload({ crl: revocation() }) !== undefined) renew();
          expect(await outcome(kept)).toEqual(after[holder]);
          expect(await outcome(await open(holder))).toEqual(after[holder]);
        },
      );

      const resumptions: Resumption[] = ["ticket", "fixed ticketKeys"];
      if (version === "TLSv1.2") resumptions.push("session id");
      describe.each(resumptions)("resumed by %s", (resumption) => {
        test.each(Object.keys(holders) as Holder[])("[CA-17] [ZT-08] %s", async (holder) => {
          const { open, verifier, renew } = await start(version, protocol, ca, resumption);
          const first = await open(holder);
          expect(await outcome(first)).toEqual(before[holder]);
          const resumed = await open(holder, await first.session());
          expect(resumed.socket.isSessionReused()).toBe(true);
          expect(await outcome(resumed)).toEqual(before[holder]);

          verifier.reload({ crl: revocation() });
          expect(await outcome(resumed)).toEqual(after[holder]);
          const again = await open(holder, await first.session());
          expect(again.socket.isSessionReused()).toBe(true);
          expect(await outcome(again)).toEqual(after[holder]);

          renew();
          const renewed = await open(holder, await first.session());
          expect(await outcome(renewed)).toEqual(after[holder]);
        });
      });

      test("[CA-17] [ZT-08] a certificate expires, and a CRL, on new, kept-alive and resumed connections", async () => {
        const { open } = await start(version, protocol, ca);
        const kept = await open("good");
        expect(await outcome(kept)).toEqual([200, undefined]);
        const resumed = await open("good", await kept.session());
        vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 25 * 60 * 60 * 1000 });
        const late = await open("good", await kept.session());
        for (const client of [kept, resumed, late]) {
          expect(await outcome(client)).toEqual([401, "certificate_expired"]);
        }
        vi.setSystemTime(Date.now() - 2 * 25 * 60 * 60 * 1000);
        expect(await outcome(kept)).toEqual([401, "certificate_expired"]);
        vi.useRealTimers();
        expect(await outcome(kept)).toEqual([200, undefined]);
      });
    });
  });
});
