import { rmSync } from "node:fs";
import type { SecureVersion, TLSSocket } from "node:tls";
import { Client } from "ldapts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { channelBinding, type ChannelBindingType, gssChannelBindings } from "@tokbind/channel-binding";
import { bindKerberos, bindNtlm, checkEnforcement, connectDirectory } from "../src/index.ts";
import { exchangeGss } from "../src/bind-kerberos.ts";
import { exchangeNtlm } from "../src/bind-ntlm.ts";
import { GssContext } from "../src/kerberos/gss-context.ts";
import { bindError } from "../src/ldap-result.ts";
import { withConnection } from "../src/with-connection.ts";
import { kerberosClient, kinit } from "./support/kdc.ts";
import { type CertificateFiles, folderForServer, makeCertificateFiles } from "./support/peers.ts";
import { relayInTest } from "./support/relay.ts";
import { administrator, anyAddress, hasSamba, realm, SambaDomain, sambaHost } from "./support/samba.ts";

const code = (code: string) => expect.objectContaining({ code }) as unknown;
const dn = "CN=Administrator,CN=Users,DC=ad,DC=example,DC=com";

describe.runIf(hasSamba)("Samba as Active Directory", () => {
  const always = anyAddress();
  const whenSupported = anyAddress();
  const enforcing = { always, "when supported": whenSupported };
  const clientFolder = folderForServer("kerberos");
  let certificates: CertificateFiles;
  let domain: SambaDomain;
  beforeAll(async () => {
    certificates = makeCertificateFiles([always, whenSupported]);
    domain = new SambaDomain();
    await domain.start(always, "always", certificates);
    await domain.start(whenSupported, "when supported", certificates);
    const env = kerberosClient(clientFolder, realm, always);
    Object.assign(process.env, env);
    kinit(administrator.username, administrator.password, env);
  }, 120_000);
  afterAll(async () => {
    await domain.stop();
    certificates.remove();
    rmSync(clientFolder, { recursive: true });
  });

  interface Where {
    readonly host?: string;
    readonly port?: number;
    readonly startTls?: boolean;
    readonly version?: SecureVersion;
  }

  async function connect({ host = always, port, startTls, version }: Where = {}): Promise<TLSSocket> {
    const socket = await connectDirectory({
      host,
      port,
      startTls,
      tls: { ca: certificates.ca, ...(version && { minVersion: version, maxVersion: version }) },
    });
    onTestFinished(() => {
      socket.destroy();
    });
    return socket;
  }

  /** That a bound socket serves the library that takes it over. */
  async function search(socket: TLSSocket): Promise<unknown> {
    const client = new Client({ url: "ldaps://dc1", createSecureConnection: () => socket });
    const { searchEntries } = await client.search(dn, { scope: "base", attributes: ["sAMAccountName"] });
    await client.unbind();
    return searchEntries[0]?.["sAMAccountName"];
  }

  type Binding = ChannelBindingType | undefined | ((socket: TLSSocket) => Buffer);
  const bindingsOf = (
    socket: TLSSocket,
    binding: Exclude<Binding, undefined | ((socket: TLSSocket) => Buffer)>,
  ) => gssChannelBindings(binding, channelBinding(socket, binding));

  /** NTLM with channel bindings of a test's own. */
  async function ntlm(binding: Binding, where: Where = {}, options: Partial<typeof administrator> = {}) {
    const socket = await connect(where);
    const bnd =
      binding === undefined
        ? undefined
        : typeof binding === "function"
          ? binding(socket)
          : bindingsOf(socket, binding).bnd;
    await withConnection(socket, undefined, async (connection) => {
      const result = await exchangeNtlm(connection, { ...administrator, ...options, bnd });
      if (result.resultCode !== 0) throw bindError(result, bnd !== undefined);
    });
    return search(socket);
  }

  /** Kerberos with channel bindings of a test's own. */
  async function kerberos(
    mechanism: "GSSAPI" | "GSS-SPNEGO",
    binding: Binding,
    where: Where = {},
    noCiFlags = true,
  ) {
    const socket = await connect(where);
    const applicationData =
      binding === undefined
        ? undefined
        : typeof binding === "function"
          ? binding(socket)
          : bindingsOf(socket, binding).applicationData;
    await withConnection(socket, undefined, async (connection) => {
      const service = `ldap@${sambaHost}`;
      const context = await GssContext.create({ service, mechanism, applicationData, noCiFlags });
      const result = await exchangeGss(connection, context, mechanism);
      context.dispose();
      if (result.resultCode !== 0) throw bindError(result, applicationData !== undefined);
    });
    return search(socket);
  }

  describe.each(["TLSv1.2", "TLSv1.3"] as const)("NTLM over %s", (version) => {
    test("[CB-NLMP-01] [CB-AD-01] binds with the token of its connection, over LDAPS and StartTLS", async () => {
      for (const host of [always, whenSupported]) {
        for (const startTls of [false, true]) {
          const socket = await connect({ host, startTls, version });
          expect(await search(await bindNtlm(socket, administrator))).toBe("Administrator");
        }
      }
    });

    test("[CB-AD-02] [CB-5056-2.1-01] takes no other type, nothing without its prefix, and every bit counts", async () => {
      const flipped = (socket: TLSSocket) => {
        const bnd = Buffer.from(bindingsOf(socket, "tls-server-end-point").bnd);
        bnd[3]! ^= 1;
        return bnd;
      };
      // The name of the type in front of it left out.
      const bare = (socket: TLSSocket) =>
        gssChannelBindings("x", channelBinding(socket, "tls-server-end-point")).bnd;
      const other = version === "TLSv1.2" ? "tls-unique" : "tls-exporter";
      for (const host of [always, whenSupported]) {
        for (const binding of [flipped, bare, other] as const) {
          await expect(ntlm(binding, { host, version })).rejects.toThrow(code("channel_bindings_dont_match"));
        }
      }
    });
  });

  test("[CB-AD-03] without a token: refused always, accepted when supported; zeros are a wrong one", async () => {
    await expect(ntlm(undefined)).rejects.toThrow(code("channel_binding_required"));
    expect(await ntlm(undefined, { host: whenSupported })).toBe("Administrator");
    for (const host of [always, whenSupported]) {
      await expect(ntlm(() => Buffer.alloc(16), { host })).rejects.toThrow(
        code("channel_bindings_dont_match"),
      );
    }
  });

  test("[CB-AD-04] a wrong password is told apart", async () => {
    for (const wrong of [{ password: "x" }, { username: "nobody" }]) {
      await expect(bindNtlm(await connect(), { ...administrator, ...wrong })).rejects.toThrow(
        code("invalid_credentials"),
      );
    }
  });

  describe.each(["GSSAPI", "GSS-SPNEGO"] as const)("Kerberos by %s", (mechanism) => {
    test("[CB-4752-01] [CB-4121-01] binds with the token of its connection", async () => {
      for (const host of [always, whenSupported]) {
        for (const startTls of [false, true]) {
          const socket = await connect({ host, startTls });
          expect(await search(await bindKerberos(socket, { host: sambaHost, mechanism }))).toBe(
            "Administrator",
          );
        }
      }
    });

    test("[CB-AD-02] [CB-AD-03] takes no other, and none only when supported", async () => {
      const flipped = (socket: TLSSocket) => {
        const data = Buffer.from(bindingsOf(socket, "tls-server-end-point").applicationData);
        data[30]! ^= 1;
        return data;
      };
      for (const host of [always, whenSupported]) {
        for (const [binding, version] of [
          [flipped, "TLSv1.3"],
          ["tls-exporter", "TLSv1.3"],
          ["tls-unique", "TLSv1.2"],
        ] as const) {
          await expect(kerberos(mechanism, binding, { host, version })).rejects.toThrow(
            code("channel_bindings_dont_match"),
          );
        }
      }
      await expect(kerberos(mechanism, undefined)).rejects.toThrow(code("channel_binding_required"));
      expect(await kerberos(mechanism, undefined, { host: whenSupported })).toBe("Administrator");
    });
  });

  test("[CB-AD-05] who asks to sign and seal inside TLS is told so", async () => {
    await expect(kerberos("GSS-SPNEGO", "tls-server-end-point", {}, false)).rejects.toThrow(
      code("security_layer_refused"),
    );
  });

  test.each(Object.entries(enforcing))(
    "[CB-5056-02] relayed to %s, bound logins fail and a simple one succeeds",
    async (_, host) => {
      const relay = { host: "127.0.0.1", port: await relayInTest(certificates.relay, { host, port: 636 }) };
      await expect(bindNtlm(await connect(relay), administrator)).rejects.toThrow(
        code("channel_bindings_dont_match"),
      );
      for (const mechanism of ["GSSAPI", "GSS-SPNEGO"] as const) {
        await expect(bindKerberos(await connect(relay), { host: sambaHost, mechanism })).rejects.toThrow(
          code("channel_bindings_dont_match"),
        );
      }
      const client = new Client({
        url: `ldaps://127.0.0.1:${relay.port}`,
        tlsOptions: { ca: certificates.ca },
      });
      await client.bind(dn, administrator.password);
      await client.unbind();
    },
  );

  test("[A-67] the check finds out, over LDAPS and StartTLS, and through a relay that there is one", async () => {
    for (const [verdict, host] of Object.entries(enforcing)) {
      for (const startTls of [false, true])
        expect(await checkEnforcement({ host, startTls })).toMatchObject({ verdict });
    }
    const port = await relayInTest(certificates.relay, { host: always, port: 636 });
    expect(await checkEnforcement({ host: "127.0.0.1", port })).toEqual({
      verdict: "not judged",
      probes: { absent: "bad bindings", wrong: "bad bindings", right: "bad bindings" },
    });
  });
});
