import { createHash, X509Certificate } from "node:crypto";
import net from "node:net";
import tls, { type SecureVersion, TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { certificate, makeCertificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { channelBinding, type ChannelBindingType, defaultChannelBindingType } from "../src/index.ts";
import { type Ends, serverInTest, sessionOf } from "./support/connect.ts";

const only = (version: SecureVersion) => ({ minVersion: version, maxVersion: version });
const ofBoth = ({ client, server }: Ends, type: ChannelBindingType) => [
  channelBinding(client, type).toString("hex"),
  channelBinding(server, type).toString("hex"),
];
const sha256 = (pem: string) => createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");

const types = {
  "TLSv1.2": ["tls-server-end-point", "tls-unique", "tls-exporter"],
  "TLSv1.3": ["tls-server-end-point", "tls-exporter"],
} as const;

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "[CB-5056-02] [CB-5929-3-02] [CB-5929-4.1-07] [CB-9266-05] over %s both ends agree, in a full handshake and in resumed ones",
  async (version) => {
    const connect = await serverInTest(only(version));
    const full = await connect();
    const session = await sessionOf(full);
    // Node's TLS 1.3 tickets are for one use; its sessions can be offered again.
    const [one, other] = [await connect({ session }), await connect({ session })];
    expect([full, one, other].map(({ client }) => client.isSessionReused())).toEqual([false, true, true]);
    for (const type of types[version]) {
      const values = [full, one, other].map((ends) => {
        const [client, server] = ofBoth(ends, type);
        expect(client).toBe(server);
        return client;
      });
      expect(new Set(values).size).toBe(type === "tls-server-end-point" ? 1 : 3);
    }
    if (version === "TLSv1.2") {
      // In a resumed handshake the server's Finished comes first.
      expect(channelBinding(full.client, "tls-unique")).toEqual(full.client.getFinished());
      expect(channelBinding(one.client, "tls-unique")).toEqual(one.server.getFinished());
    }
    expect(one.client.getPeerX509Certificate()).toBeUndefined();
    expect(ofBoth(one, "tls-server-end-point")[0]).toBe(sha256(certificate.cert));
  },
);

test("[CB-5929-3-01] [CB-5929-3-04] [CB-5929-01] tls-unique is 12 bytes of Finished, and undefined for TLS 1.3", async () => {
  const connect = await serverInTest();
  const { client, server } = await connect(only("TLSv1.2"));
  expect(channelBinding(client, "tls-unique")).toEqual(client.getFinished());
  expect(channelBinding(server, "tls-unique")).toEqual(client.getFinished());
  expect(channelBinding(server, "tls-unique")).toHaveLength(12);
  const newer = await connect();
  for (const end of [newer.client, newer.server]) {
    expect(() => channelBinding(end, "tls-unique")).toThrow(
      expect.objectContaining({ code: "undefined_for_tls_version" }),
    );
  }
});

test("[CB-9266-01] [CB-9266-03] tls-exporter exports 32 bytes under its own label, with an empty context", async () => {
  const connect = await serverInTest();
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const { client } = await connect(only(version));
    const data = channelBinding(client, "tls-exporter");
    const label = "EXPORTER-Channel-Binding";
    expect(data).toHaveLength(32);
    expect(data).toEqual(client.exportKeyingMaterial(32, label, Buffer.alloc(0)));
    // Without a context, as Token Binding has it, it is another value up to TLS 1.2.
    const absent = (client.exportKeyingMaterial as (length: number, label: string) => Buffer)(32, label);
    expect(data.equals(absent)).toBe(version === "TLSv1.3");
    expect(data).not.toEqual(client.exportKeyingMaterial(32, "EXPORTER-Token-Binding", Buffer.alloc(0)));
  }
});

test("[CB-9266-06] the default is tls-exporter in TLS 1.3 and tls-unique below", async () => {
  const connect = await serverInTest();
  const type = async (version: SecureVersion) =>
    defaultChannelBindingType((await connect(only(version))).client);
  expect([await type("TLSv1.2"), await type("TLSv1.3")]).toEqual(["tls-unique", "tls-exporter"]);
});

// SSL_OP_NO_EXTENDED_MASTER_SECRET
const withoutEms = { secureOptions: 0x1 };

test("[CB-7677-4-01] [CB-9266-02] without Extended Master Secret there is only tls-server-end-point, resumed too", async () => {
  const connect = await serverInTest({ ...only("TLSv1.2"), ...withoutEms });
  const full = await connect();
  const resumed = await connect({ session: await sessionOf(full) });
  expect(resumed.client.isSessionReused()).toBe(true);
  for (const { client, server } of [full, resumed]) {
    for (const end of [client, server]) {
      for (const type of ["tls-unique", "tls-exporter"] as const) {
        expect(() => channelBinding(end, type)).toThrow(
          expect.objectContaining({ code: "no_extended_master_secret" }),
        );
      }
      expect(channelBinding(end, "tls-server-end-point").toString("hex")).toBe(sha256(certificate.cert));
    }
  }
});

test("[A-66] [CB-5929-3-03] [CB-9266-04] renegotiation changes tls-unique, and ends tls-exporter", async () => {
  const connect = await serverInTest(only("TLSv1.2"));
  const renegotiate = ({ client, server }: Ends) =>
    new Promise<void>((resolve, reject) => {
      server.resume();
      client.renegotiate({ rejectUnauthorized: false }, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });

  const ends = await connect();
  const [before] = ofBoth(ends, "tls-unique");
  // From now on the client notices.
  channelBinding(ends.client, "tls-exporter");
  await renegotiate(ends);
  const [client, server] = ofBoth(ends, "tls-unique");
  expect(client).toBe(server);
  expect(client).not.toBe(before);
  for (const end of [ends.client, ends.server]) {
    expect(() => channelBinding(end, "tls-exporter")).toThrow(
      expect.objectContaining({ code: "renegotiated" }),
    );
  }

  // A server's connection that has been asked for it lets nobody renegotiate.
  const asked = await connect();
  channelBinding(asked.server, "tls-exporter");
  const refused = new Promise((resolve) => asked.server.once("error", resolve));
  asked.client.on("error", () => undefined);
  void renegotiate(asked).catch(() => undefined);
  expect(await refused).toMatchObject({ code: "ERR_TLS_RENEGOTIATION_DISABLED" });
});

test("[CB-5929-4.1-06] only the leaf of a chain is hashed, byte for byte as it was received", async () => {
  const [leaf, other] = [await makeCertificate("localhost"), await makeCertificate("intermediate")];
  const connect = await serverInTest({ cert: `${leaf.cert}\n${other.cert}`, key: leaf.key });
  const ends = await connect();
  expect(ofBoth(ends, "tls-server-end-point")).toEqual([sha256(leaf.cert), sha256(leaf.cert)]);
});

test("[CB-5056-03] without TLS, before the handshake is finished and after the end there is an error, never data", async () => {
  const types = ["tls-server-end-point", "tls-unique", "tls-exporter"] as const;
  const refused = expect.objectContaining({ code: "no_tls_connection" }) as unknown;
  const server = net.createServer();
  const plain = net.connect(await listenInTest(server), "127.0.0.1");
  const unfinished = tls.connect({ socket: plain });
  unfinished.on("error", () => undefined);
  onTestFinished(() => {
    unfinished.destroy();
    plain.destroy();
  });
  const connect = await serverInTest();
  const { client } = await connect();
  client.destroy();
  for (const socket of [plain, unfinished, client, new TLSSocket(new net.Socket()), undefined, {}]) {
    for (const type of types) expect(() => channelBinding(socket as TLSSocket, type)).toThrow(refused);
  }
});

test("other types and unknown options are mistakes of the caller's", async () => {
  const { client } = await (await serverInTest())();
  const wrong = expect.objectContaining({ code: "invalid_argument" }) as unknown;
  expect(() => channelBinding(client, "tls-server-endpoint" as ChannelBindingType)).toThrow(wrong);
  expect(() => channelBinding(client, "tls-exporter", { ed25519: "SHA-256" as "SHA-512" })).toThrow(wrong);
  expect(() => channelBinding(client, "tls-exporter", { hash: "sha256" } as object)).toThrow(wrong);
});

test("a session that cannot be read is not vouched for", async () => {
  const { client } = await (await serverInTest(only("TLSv1.2")))();
  for (const session of [
    undefined,
    "",
    "3000",
    "3003020102",
    "30030201",
    "00".repeat(40),
    "3080".repeat(100),
  ]) {
    client.getSession = () => (session === undefined ? undefined : Buffer.from(session, "hex"));
    expect(() => channelBinding(client, "tls-exporter")).toThrow(
      expect.objectContaining({ code: "session_unreadable" }),
    );
  }
});
