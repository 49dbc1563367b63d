import type { TLSSocket } from "node:tls";
import { Client } from "ldapts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { channelBinding } from "@tokbind/channel-binding";
import { bindKerberos, connectDirectory, TokenBindingError } from "../src/index.ts";
import { chooseNoLayer, exchangeGss } from "../src/bind-kerberos.ts";
import { GssContext } from "../src/kerberos/gss-context.ts";
import { bindError } from "../src/ldap-result.ts";
import { withConnection } from "../src/with-connection.ts";
import { hasKdc, Kdc, kinit } from "./support/kdc.ts";
import { type CertificateFiles, hostName, makeCertificateFiles } from "./support/peers.ts";
import { directoryInTest, result } from "./support/directory-of-ours.ts";
import { relayInTest } from "./support/relay.ts";
import { hasSlapd, Slapd } from "./support/slapd.ts";

const host = hostName();
const code = (code: string) => expect.objectContaining({ code }) as unknown;

describe.runIf(hasSlapd && hasKdc)("Kerberos with MIT's KDC and slapd", () => {
  let certificates: CertificateFiles;
  let kdc: Kdc;
  let slapd: Slapd;
  beforeAll(async () => {
    certificates = makeCertificateFiles();
    kdc = await Kdc.start();
    slapd = await Slapd.start("tls-endpoint", certificates, { ...kdc.env, KRB5_KTNAME: kdc.keytab });
    // The library reads them in this process.
    Object.assign(process.env, kdc.env);
    kinit("alice", "alice-password", kdc.env);
  });
  afterAll(async () => {
    await slapd.stop();
    await kdc.stop();
    certificates.remove();
  });

  async function connect(port = slapd.ldapsPort): Promise<TLSSocket> {
    const socket = await connectDirectory({ host: "127.0.0.1", port, tls: { ca: certificates.ca } });
    onTestFinished(() => {
      socket.destroy();
    });
    return socket;
  }

  /** With channel bindings of a test's own. */
  async function bindWith(
    mechanism: "GSSAPI" | "GSS-SPNEGO",
    data: (socket: TLSSocket) => Buffer | undefined,
  ) {
    const socket = await connect();
    await withConnection(socket, undefined, async (connection) => {
      const context = await GssContext.create({
        service: `ldap@${host}`,
        mechanism,
        applicationData: data(socket),
      });
      const result = await exchangeGss(connection, context, mechanism);
      context.dispose();
      if (result.resultCode !== 0) throw bindError(result, data(socket) !== undefined);
    });
  }

  describe.each(["GSSAPI", "GSS-SPNEGO"] as const)("%s", (mechanism) => {
    test("[CB-4752-01] binds with tls-server-end-point and no security layer", async () => {
      const socket = await bindKerberos(await connect(), { host, mechanism });
      const client = new Client({ url: "ldaps://127.0.0.1", createSecureConnection: () => socket });
      expect((await client.exop("1.3.6.1.4.1.4203.1.11.3")).value).toBe(
        "dn:uid=alice,ou=people,dc=example,dc=com",
      );
      await client.unbind();
    });

    test("other bindings are refused, none at all is not", async () => {
      const right = (socket: TLSSocket) =>
        Buffer.concat([Buffer.from("tls-server-end-point:"), channelBinding(socket, "tls-server-end-point")]);
      await expect(bindWith(mechanism, right)).resolves.toBeUndefined();
      const flipped = (socket: TLSSocket) => {
        const data = right(socket);
        data[30]! ^= 1;
        return data;
      };
      const exporter = (socket: TLSSocket) =>
        Buffer.concat([Buffer.from("tls-exporter:"), channelBinding(socket, "tls-exporter")]);
      for (const data of [flipped, exporter]) {
        await expect(bindWith(mechanism, data)).rejects.toThrow(/channel binding/);
      }
      await expect(bindWith(mechanism, () => undefined)).resolves.toBeUndefined();
    });

    test("relayed it fails", async () => {
      const port = await relayInTest(certificates.relay, { host: "127.0.0.1", port: slapd.ldapsPort });
      await expect(bindKerberos(await connect(port), { host, mechanism })).rejects.toThrow(/channel binding/);
    });
  });

  test("a directory that only says yes has not shown that it is the service", async () => {
    const port = await directoryInTest((id) => result(id, 0));
    const bind = async (mechanism: "GSSAPI" | "GSS-SPNEGO") => {
      const socket = await connectDirectory({ host: "127.0.0.1", port, tls: { rejectUnauthorized: false } });
      await bindKerberos(socket, { host, mechanism });
    };
    await expect(bind("GSS-SPNEGO")).rejects.toThrow(code("invalid_encoding"));
    await expect(bind("GSSAPI")).rejects.toThrow(code("invalid_encoding"));
  });

  test("tokens of the directory that are none", async () => {
    for (const token of [undefined, "", "00", "a1", "a1820400", "6082", "A".repeat(3000)]) {
      for (const resultCode of [0, 14]) {
        for (const mechanism of ["GSSAPI", "GSS-SPNEGO"] as const) {
          const answer = token === undefined ? {} : { credentials: Buffer.from(token, "hex") };
          const port = await directoryInTest((id, count) => result(id, count < 3 ? resultCode : 49, answer));
          const tls = { rejectUnauthorized: false };
          const socket = await connectDirectory({ host: "127.0.0.1", port, tls });
          await expect(bindKerberos(socket, { host, mechanism })).rejects.toThrow(TokenBindingError);
        }
      }
    }
  });

  test("without a ticket, and for an unknown service, Kerberos says so", async () => {
    await expect(bindKerberos(await connect(), { host: "unknown.example" })).rejects.toThrow(
      code("kerberos"),
    );
    const { KRB5CCNAME } = process.env;
    process.env["KRB5CCNAME"] = "FILE:/nonexistent";
    try {
      await expect(bindKerberos(await connect(), { host })).rejects.toThrow(code("kerberos"));
    } finally {
      process.env["KRB5CCNAME"] = KRB5CCNAME;
    }
  });
});

// Over TLS neither slapd nor Samba insists on a layer, so what they would offer is said here.
test("[CB-4752-01] a directory that insists on a security layer is left", async () => {
  const offering = (offer: string) => ({
    unwrap: () => Promise.resolve(Buffer.from(offer, "hex")),
    wrap: (choice: Buffer) => Promise.resolve(choice),
  });
  expect(await chooseNoLayer(offering("07ffffff"), Buffer.of(1))).toEqual(Buffer.from("01000000", "hex"));
  await expect(chooseNoLayer(offering("06ffffff"), Buffer.of(1))).rejects.toThrow(
    code("security_layer_required"),
  );
  for (const offer of ["", "01", "0100000000"]) {
    await expect(chooseNoLayer(offering(offer), Buffer.of(1))).rejects.toThrow(code("invalid_encoding"));
  }
});
