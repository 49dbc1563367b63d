import { execFile } from "node:child_process";
import { join } from "node:path";
import type { SecureVersion, TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "ldapts";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { channelBinding, ScramClient, type ScramClientOptions } from "@tokbind/channel-binding";
import { bindScram, connectDirectory, type ScramBindOptions } from "../src/index.ts";
import { exchangeScram } from "../src/exchange-scram.ts";
import { withConnection } from "../src/with-connection.ts";
import { type CertificateFiles, makeCertificateFiles } from "./support/peers.ts";
import { relayInTest } from "./support/relay.ts";
import { hasSlapd, Slapd } from "./support/slapd.ts";

const alice = "dn:uid=alice,ou=people,dc=example,dc=com";
const code = (code: string) => expect.objectContaining({ code }) as unknown;

describe.runIf(hasSlapd)("OpenLDAP's slapd", () => {
  let certificates: CertificateFiles;
  let slapd: Slapd;
  beforeAll(async () => {
    certificates = makeCertificateFiles();
    slapd = await Slapd.start("tls-endpoint", certificates);
  });
  afterAll(async () => {
    await slapd.stop();
    certificates.remove();
  });

  interface Where {
    readonly port?: number;
    readonly startTls?: boolean;
    readonly version?: SecureVersion;
  }

  async function connect({ port, startTls = false, version }: Where = {}): Promise<TLSSocket> {
    const socket = await connectDirectory({
      host: "127.0.0.1",
      port: port ?? (startTls ? slapd.ldapPort : slapd.ldapsPort),
      startTls,
      tls: { ca: certificates.ca, ...(version && { minVersion: version, maxVersion: version }) },
    });
    onTestFinished(() => {
      socket.destroy();
    });
    return socket;
  }

  /** Who a bound socket is, by the library that takes it over. */
  async function whoAmI(socket: TLSSocket): Promise<string | undefined> {
    const client = new Client({ url: "ldaps://127.0.0.1", createSecureConnection: () => socket });
    const { value } = await client.exop("1.3.6.1.4.1.4203.1.11.3");
    const { searchEntries } = await client.search("dc=example,dc=com", { filter: "(uid=alice)" });
    expect(searchEntries).toMatchObject([{ cn: "Alice" }]);
    await client.unbind();
    return value;
  }

  const bind = async (options: Partial<ScramBindOptions> = {}, where: Where = {}) => {
    const credentials = { username: "alice", password: "alice-password", dialect: "openldap" } as const;
    return whoAmI(await bindScram(await connect(where), { ...credentials, ...options }));
  };

  /** With a client that says what a test likes. */
  const bindAs = async (
    make: (socket: TLSSocket) => Partial<ScramClientOptions>,
    where: Where = {},
  ): Promise<string | undefined> => {
    const socket = await connect(where);
    const options = { mechanisms: ["SCRAM-SHA-256-PLUS"], username: "alice", password: "alice-password" };
    const scram = new ScramClient({ ...options, ...make(socket) });
    await withConnection(socket, undefined, (connection) => exchangeScram(connection, scram));
    return whoAmI(socket);
  };

  describe.each(["TLSv1.2", "TLSv1.3"] as const)("over %s", (version) => {
    test("[CB-OLDAP-01] [CB-LDAP-4.2-01] takes its own dialect, over LDAPS and StartTLS", async () => {
      expect(await bind({}, { version })).toBe(alice);
      expect(await bind({}, { version, startTls: true })).toBe(alice);
    });

    test("SCRAM-SHA-1-PLUS and SCRAM-SHA-512-PLUS too", async () => {
      for (const mechanism of ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-512-PLUS"]) {
        expect(await bind({ mechanisms: [mechanism] }, { version })).toBe(alice);
      }
    });

    test("takes no type as RFC 5802 has it, no other data and not one bit less", async () => {
      const types = ["tls-server-end-point", version === "TLSv1.2" ? "tls-unique" : "tls-exporter"] as const;
      for (const type of types) {
        await expect(bind({ dialect: undefined, type }, { version })).rejects.toThrow(
          code("unsupported_channel_binding_type"),
        );
      }
      await expect(bind({ type: types[1] }, { version })).rejects.toThrow(
        code("channel_bindings_dont_match"),
      );
      const flipped = (socket: TLSSocket) => {
        const data = Buffer.concat([
          Buffer.from("tls-server-end-point:"),
          channelBinding(socket, "tls-server-end-point"),
        ]);
        data[30]! ^= 1;
        return { channelBinding: { type: "ldap", data } };
      };
      await expect(bindAs(flipped, { version })).rejects.toThrow(code("channel_bindings_dont_match"));
    });

    test("refuses y, and accepts n: it cannot insist", async () => {
      const mechanisms = ["SCRAM-SHA-256"];
      const binding = { channelBinding: { type: "ldap", data: Buffer.alloc(32) } };
      await expect(
        bindAs(() => ({ mechanisms, ...binding, acceptUnbound: true }), { version }),
      ).rejects.toThrow(code("server_does_support_channel_binding"));
      expect(await bindAs(() => ({ mechanisms, acceptUnbound: true }), { version })).toBe(alice);
    });
  });

  test("[CB-AD-06] relayed, a bind that is bound fails; an unbound one and a simple one succeed", async () => {
    const port = await relayInTest(certificates.relay, { host: "127.0.0.1", port: slapd.ldapsPort });
    await expect(bind({}, { port })).rejects.toThrow(code("channel_bindings_dont_match"));
    const victim = () => ({ mechanisms: ["SCRAM-SHA-256"], acceptUnbound: true });
    expect(await bindAs(victim, { port })).toBe(alice);
    const client = new Client({ url: `ldaps://127.0.0.1:${port}`, tlsOptions: { ca: certificates.ca } });
    await client.bind(alice.slice(3), "alice-password");
    expect((await client.exop("1.3.6.1.4.1.4203.1.11.3")).value).toBe(alice);
    await client.unbind();
  });

  test("a wrong password is not a wrong channel binding", async () => {
    await expect(bind({ password: "x" })).rejects.toThrow(code("invalid_credentials"));
    await expect(bind({ username: "nobody" })).rejects.toThrow(code("invalid_credentials"));
  });

  test("never less than was asked for", async () => {
    const socket = await connect();
    const options = { username: "alice", password: "alice-password", mechanisms: ["SCRAM-SHA-256"] };
    await expect(bindScram(socket, options)).rejects.toThrow(code("mechanism_not_offered"));
    expect(socket.destroyed).toBe(true);
  });

  test("set to tls-unique, it takes that and no other", async () => {
    const other = await Slapd.start("tls-unique", certificates);
    onTestFinished(() => other.stop());
    const where = { port: other.ldapsPort, version: "TLSv1.2" } as const;
    expect(await bind({ type: "tls-unique" }, where)).toBe(alice);
    await expect(bind({}, where)).rejects.toThrow(code("channel_bindings_dont_match"));
  });

  test("set to none, it offers no -PLUS: bound binds fail, and y is accepted by explicit word", async () => {
    const other = await Slapd.start("none", certificates);
    onTestFinished(() => other.stop());
    const where = { port: other.ldapsPort };
    await expect(bind({}, where)).rejects.toThrow();
    expect(await bind({ acceptUnbound: true }, where)).toBe(alice);
  });

  test("the example finds alice", async () => {
    const example = fileURLToPath(new URL("../../../docs/examples/ldap-bind.js", import.meta.url));
    const where = ["127.0.0.1", String(slapd.ldapsPort), join(certificates.folder, "ca.pem")];
    const env = { ...process.env, LDAP_USERNAME: "alice", LDAP_PASSWORD: "alice-password" };
    const search = [example, ...where, "dc=example,dc=com", "(uid=alice)"];
    const { stdout } = await promisify(execFile)(process.execPath, search, { env });
    expect(stdout).toBe("uid=alice,ou=people,dc=example,dc=com\n");
  });
});
