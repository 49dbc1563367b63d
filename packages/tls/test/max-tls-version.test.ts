// maxTlsVersion: "TLSv1.2", for peers that know the extension up to TLS 1.2 only.

import { expect, test } from "vitest";
import { handshake, only, raw, tokenBinding, tokenBindingBelowTls13 } from "@tokbind/testing/handshake";
import { withTokenBinding } from "@tokbind/tls";

const unsupportedExtension = 110;
const tls13 = only("TLSv1.3");

test("[A-44] up to TLS 1.2 both ends negotiate as ever", async () => {
  const ends = { server: tokenBindingBelowTls13, client: tokenBindingBelowTls13 };
  const { client, server } = await handshake({ ...ends, options: only("TLSv1.2") });
  expect(client.negotiated?.keyParameters).toBe("ecdsap256");
  expect(server.negotiated).toEqual(client.negotiated);
});

test("[A-44] a server leaves the offer unanswered in TLS 1.3, and the connection works", async () => {
  const { client, server } = await handshake({ server: tokenBindingBelowTls13, options: tls13 });
  expect(server.received).toBe("010003020100");
  expect(client.received ?? client.error ?? server.error).toBeUndefined();
  expect(client.negotiated ?? server.negotiated).toBeUndefined();
});

test("a client offers for TLS 1.2 while it offers TLS 1.3, and connects to a server that is silent there", async () => {
  const { client, server } = await handshake({
    client: tokenBindingBelowTls13,
    server: raw({}),
    options: tls13,
  });
  expect(server.received).toBe("010003020100");
  expect(client.error ?? client.negotiated).toBeUndefined();
});

test.each([
  ["an answer", "01000102"],
  ["a malformed answer", "0100"],
])(
  "[TBN-4-05] a client takes %s in TLS 1.3 for one to an offer that it did not make",
  async (_name, answer) => {
    const { client, server } = await handshake({
      client: tokenBindingBelowTls13,
      server: raw({ answer }),
      options: tls13,
    });
    expect(server.alert).toBe(unsupportedExtension);
    expect(client.error).toBeDefined();
  },
);

test("TLSv1.3 is the default", async () => {
  const explicit = <T>(create: () => T) =>
    withTokenBinding(create as () => never, { maxTlsVersion: "TLSv1.3" }) as T;
  for (const wrap of [tokenBinding(), explicit]) {
    const { client } = await handshake({ client: wrap, server: wrap, options: tls13 });
    expect(client.negotiated?.tlsVersion).toBe("TLSv1.3");
  }
});
