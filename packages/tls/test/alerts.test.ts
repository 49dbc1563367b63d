import { describe, expect, test } from "vitest";
import {
  type End,
  handshake,
  helloProxy,
  only,
  raw,
  tokenBinding,
  versions,
} from "@tokbind/testing/handshake";

const illegalParameter = 47;
const decodeError = 50;
const unsupportedExtension = 110;

/** Bodies that do not decode, RFC 8472 section 2. */
const malformed = [
  ["an empty body", ""],
  ["half a version", "01"],
  ["no list", "0100"],
  ["an empty list", "010000"],
  ["an empty list with a byte left over", "01000002"],
  ["a list cut short", "0100020"],
  ["a length of 255 with one byte", "0100ff02"],
  ["a byte left over", "0100010202"],
  ["256 bytes left over", `0100ff${"02".repeat(511)}`],
  ["16 KB", `01000102${"00".repeat(16_000)}`],
].map(([name, body]) => [name!, body!.length % 2 === 0 ? body! : `${body!}2`] as const);

/** `end` saw the alert and neither end is connected, let alone with Token Binding. */
function expectAlert(alert: number, end: End, other: End) {
  expect(end.alert).toBe(alert);
  expect(end.negotiated ?? other.negotiated).toBeUndefined();
  expect(other.error).toBeDefined();
}

describe.each(versions)("%s", (version) => {
  const options = only(version);

  test.each(malformed)("[TBN-2-08] [A-16] server: decode_error for %s", async (_name, offer) => {
    const { client, server } = await handshake({ client: raw({ offer }), options });
    expectAlert(decodeError, client, server);
  });

  test.each(malformed)("[A-16] client: decode_error for %s", async (_name, answer) => {
    const { client, server } = await handshake({ server: raw({ answer }), options });
    expectAlert(decodeError, server, client);
  });

  test.each([
    ["[TBN-4-06] [A-15] a version higher than offered, {1,1}", "01010102"],
    ["[TBN-4-06] [A-15] a version higher than offered, {2,0}", "02000102"],
    ["[TBN-4-07] [A-16] two identifiers", "0100020201"],
    ["[TBN-4-07] [A-16] one identifier twice", "0100020202"],
    ["[TBN-4-07] [A-16] 255 identifiers", `0100ff${"02".repeat(255)}`],
    ["[TBN-4-08] an identifier that nobody knows", "01000103"],
    ["[TBN-4-08] a known identifier that was not offered", "01000100"],
    ["[TBN-4-08] an identifier that is a byte of our own offer's head", "01000101"],
    ["[TBN-4-08] an unknown identifier in a lower version", "000d0163"],
  ])("client: unsupported_extension for %s", async (_name, answer) => {
    const client = tokenBinding("ecdsap256");
    const ends = await handshake({ client, server: raw({ answer }), options });
    expectAlert(unsupportedExtension, ends.server, ends.client);
  });
});

test("[TBN-4-05] client: unsupported_extension for an answer to what it did not offer", async () => {
  const through = async (port: number) => {
    const { port: reached } = await helloProxy(port, ({ from, extensions }) => {
      if (from === "server") extensions.push([24, Buffer.from("01000102", "hex")]);
    });
    return reached;
  };
  // Token Binding is on in this client, yet its ClientHello is silent.
  const { client, server } = await handshake({ client: raw({}), options: only("TLSv1.2"), through });
  expectAlert(unsupportedExtension, server, client);
});

test("[T13-2-05] client: illegal_parameter for an answer in the ServerHello of TLS 1.3", async () => {
  let sent: number[] = [];
  const through = async (port: number) => {
    const tape = await helloProxy(port, ({ from, extensions }) => {
      if (from === "server") extensions.push([24, Buffer.from("01000102", "hex")]);
    });
    sent = tape.alerts.client;
    return tape.port;
  };
  const { client, server } = await handshake({ options: only("TLSv1.3"), through });
  expect(sent).toEqual([illegalParameter]);
  expect(client.error?.code).toBe("ERR_SSL_BAD_EXTENSION");
  expect(server.negotiated ?? client.negotiated).toBeUndefined();
});
