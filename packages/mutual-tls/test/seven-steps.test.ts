// The seven steps of mutual TLS, in the order in which a relay between both ends sees their messages in TLS 1.2.

import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { expect, onTestFinished, test } from "vitest";
import { ClientCertificateVerifier } from "../src/index.ts";
import { organization } from "./support/organization.ts";

/** RFC 5246 section 7.4. */
const handshakeTypes: Record<number, string> = {
  1: "ClientHello",
  2: "ServerHello",
  4: "NewSessionTicket",
  11: "Certificate",
  12: "ServerKeyExchange",
  13: "CertificateRequest",
  14: "ServerHelloDone",
  15: "CertificateVerify",
  16: "ClientKeyExchange",
};

/** The messages in what one end has sent, up to ChangeCipherSpec; then only what kind of records there are. */
function messagesOf(bytes: Buffer): string[] {
  const messages: string[] = [];
  let handshake = Buffer.alloc(0);
  let isEncrypted = false;
  for (let at = 0; at + 5 <= bytes.length;) {
    const [type, length] = [bytes[at]!, bytes.readUInt16BE(at + 3)];
    const content = bytes.subarray(at + 5, at + 5 + length);
    at += 5 + length;
    if (type === 20) {
      isEncrypted = true;
      messages.push("ChangeCipherSpec");
    } else if (type === 22 && isEncrypted) {
      messages.push("Finished");
    } else if (type === 22) {
      handshake = Buffer.concat([handshake, content]);
      while (handshake.length >= 4) {
        const end = 4 + handshake.readUIntBE(1, 3);
        messages.push(handshakeTypes[handshake[0]!] ?? `${handshake[0]}`);
        handshake = handshake.subarray(end);
      }
    } else if (type === 23 && messages.at(-1) !== "application data") {
      messages.push("application data");
    }
  }
  return messages;
}

test("[ZT-01] both ends have a certificate and prove its key, in seven steps", async () => {
  const { root, good } = await organization();
  const verifier = new ClientCertificateVerifier({ ca: root.cert });
  const server = tls.createServer(
    { ...certificate, ...verifier.tlsOptions, maxVersion: "TLSv1.2" },
    (socket) => {
      socket.on("error", () => undefined).end(verifier.verify({ rawHeaders: [], socket })["x5t#S256"]);
    },
  );
  const port = await listenInTest(server);
  /** Who sent what, in turns. */
  const turns: { from: string; bytes: Buffer }[] = [];
  const note = (from: string) => (chunk: Buffer) => {
    if (turns.at(-1)?.from !== from) turns.push({ from, bytes: Buffer.alloc(0) });
    const turn = turns.at(-1)!;
    turn.bytes = Buffer.concat([turn.bytes, chunk]);
  };
  const relay = net.createServer((near) => {
    const far = net.connect(port, "127.0.0.1");
    near.on("data", note("client")).pipe(far);
    far.on("data", note("server")).pipe(near);
  });
  const client = tls.connect({
    ...{ port: await listenInTest(relay), host: "127.0.0.1", servername: "localhost", ca: certificate.cert },
    ...{ cert: good.cert, key: good.key },
  });
  onTestFinished(() => {
    client.destroy();
  });
  await once(client, "secureConnect");
  client.resume();
  await once(client, "end");
  const trace = (from: string) =>
    messagesOf(Buffer.concat(turns.filter((turn) => turn.from === from).map(({ bytes }) => bytes)));
  expect(turns.slice(0, 4).map(({ from }) => from)).toEqual(["client", "server", "client", "server"]);
  // 1, 4 and 6
  expect(trace("client").slice(0, 6)).toEqual([
    "ClientHello",
    "Certificate",
    "ClientKeyExchange",
    "CertificateVerify",
    "ChangeCipherSpec",
    "Finished",
  ]);
  // 2, 6 and 7
  expect(trace("server").filter((message) => message !== "NewSessionTicket")).toEqual([
    "ServerHello",
    "Certificate",
    "ServerKeyExchange",
    "CertificateRequest",
    "ServerHelloDone",
    "ChangeCipherSpec",
    "Finished",
    "application data",
  ]);
});
