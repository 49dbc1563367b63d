// Downgrade: Extended Master Secret (RFC 7627), Renegotiation Indication (RFC 5746), tampering, renegotiation.

import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { negotiatedTokenBinding } from "@tokbind/tls";
import { receivedExtension } from "@tokbind/tls/raw";
import {
  extension24,
  handshake,
  type Hello,
  helloProxy,
  only,
  plain,
  raw,
  type Tape,
  tokenBinding,
  versions,
  withoutExtendedMasterSecret,
} from "@tokbind/testing/handshake";

const extendedMasterSecret = 23;
const renegotiationInfo = 0xff01;
/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV, the other way to say it (RFC 5746 section 3.3). */
const renegotiationSuite = 0x00ff;
const unsupportedExtension = 110;

const tls12 = only("TLSv1.2");
const answer = "01000102";

/** A handshake through a proxy that takes something out of the hellos of one end. */
async function stripped(from: Hello["from"], types: number[], ends: Parameters<typeof handshake>[0]) {
  let tape: Tape | undefined;
  const through = async (port: number) => {
    tape = await helloProxy(port, (hello) => {
      if (hello.from !== from) return;
      hello.extensions = hello.extensions.filter(([type]) => !types.includes(type));
      if (types.includes(renegotiationInfo)) {
        hello.cipherSuites = hello.cipherSuites.filter((suite) => suite !== renegotiationSuite);
      }
    });
    return tape.port;
  };
  const result = await handshake({ options: tls12, ...ends, through });
  return { ...result, tape: tape!, serverHello: tape!.hellos.find((hello) => hello.from === "server") };
}

describe("server up to TLS 1.2", () => {
  test("[TBN-3-03] [TBN-6.2-01] [TBP-4.2-01] [TBP-7.5-01] [A-17] omits the answer when the client has no EMS", async () => {
    const clientOptions = { ...tls12, ...withoutExtendedMasterSecret };
    const { client, server } = await handshake({ client: raw({ offer: answer }), clientOptions });
    expect(server.received).toBe(answer);
    expect(client.received).toBeUndefined();
    expect(server.error ?? client.error ?? server.negotiated).toBeUndefined();
  });

  test("[TBN-3-03] [A-17] omits the answer when the server itself has EMS turned off", async () => {
    const { client, server } = await handshake({
      options: tls12,
      serverOptions: withoutExtendedMasterSecret,
    });
    expect(client.received ?? client.negotiated ?? server.negotiated).toBeUndefined();
    expect(server.error ?? client.error).toBeUndefined();
  });

  test("[TBN-3-03] [TBN-6.2-01] [TBP-4.2-01] [TBP-7.5-01] [A-17] omits the answer when the client has no RI", async () => {
    const untouched = await stripped("client", [], {});
    expect(extension24(untouched.serverHello)).toBe(answer);
    const { serverHello, client, server } = await stripped("client", [renegotiationInfo], {});
    expect(extension24(serverHello)).toBeUndefined();
    expect(serverHello?.extensions.map(([type]) => type)).toContain(extendedMasterSecret);
    expect(client.negotiated ?? server.negotiated).toBeUndefined();
  });
});

describe("client up to TLS 1.2", () => {
  test("[TBN-4-10] [TBN-6.2-01] [TBP-7.5-01] unsupported_extension when EMS was not negotiated", async () => {
    const serverOptions = withoutExtendedMasterSecret;
    const { client, server } = await handshake({ server: raw({ answer }), options: tls12, serverOptions });
    expect(server.alert).toBe(unsupportedExtension);
    expect(client.negotiated).toBeUndefined();
  });

  test("[TBN-4-10] unsupported_extension when EMS is off in the client itself", async () => {
    const clientOptions = withoutExtendedMasterSecret;
    const { server } = await handshake({ server: raw({ answer }), options: tls12, clientOptions });
    expect(server.alert).toBe(unsupportedExtension);
  });

  test.each([
    ["EMS", extendedMasterSecret],
    ["RI", renegotiationInfo],
  ])("[TBN-4-10] unsupported_extension when %s is stripped from the ServerHello", async (_name, type) => {
    const { client, server, tape } = await stripped("server", [type], {});
    expect(tape.alerts.client).toEqual([unsupportedExtension]);
    expect(server.alert).toBe(unsupportedExtension);
    expect(client.negotiated ?? server.negotiated).toBeUndefined();
  });
});

test("[T13-2-03] [A-38] TLS 1.3 asks for neither EMS nor RI", async () => {
  const options = { ...only("TLSv1.3"), ...withoutExtendedMasterSecret };
  const { client, server } = await handshake({ options });
  expect(client.negotiated?.keyParameters).toBe("ecdsap256");
  expect(server.negotiated).toEqual(client.negotiated);
});

describe.each(versions)(
  "[TBP-7.2-01] [TBN-6.1-02] %s: the handshake fails when somebody on the wire",
  (version) => {
    const edits: [string, (hello: Hello) => void][] = [
      [
        "removes the offer",
        ({ from, extensions }) => {
          const at = extensions.findIndex(([type]) => type === 24);
          if (from === "client") extensions.splice(at, 1);
        },
      ],
      [
        "weakens the offer",
        ({ from, extensions }) => {
          const extension = extensions.find(([type]) => type === 24);
          if (from === "client" && extension) extension[1] = Buffer.from("01000100", "hex");
        },
      ],
      [
        "adds an offer",
        ({ from, extensions }) => {
          if (from === "client") extensions.unshift([24, Buffer.from(answer, "hex")]);
        },
      ],
      [
        "changes the answer",
        ({ from, extensions }) => {
          const extension = extensions.find(([type]) => type === 24);
          if (from === "server" && extension) extension[1] = Buffer.from("01000101", "hex");
        },
      ],
    ];
    test.each(edits)("%s", async (name, edit) => {
      if (name === "changes the answer" && version === "TLSv1.3") return; // encrypted there: nobody can
      const through = async (port: number) => (await helloProxy(port, edit)).port;
      const client = name === "adds an offer" ? plain : tokenBinding();
      const ends = await handshake({ client, options: only(version), through });
      expect(ends.client.negotiated ?? ends.server.negotiated).toBeUndefined();
      expect(ends.client.error).toBeDefined();
    });
  },
);

describe("[A-20] renegotiation in TLS 1.2", () => {
  const renegotiate = (socket: TLSSocket) =>
    new Promise<NodeJS.ErrnoException | null>((resolve) => {
      socket.renegotiate({ rejectUnauthorized: false }, resolve);
    });
  /** The error at either end, or null when the renegotiation succeeds. */
  const outcome = (socket: TLSSocket, peer: TLSSocket) => {
    const failed = Promise.race([once(socket, "error"), once(peer, "error")]).then(
      ([error]) => error as Error,
    );
    return Promise.race([renegotiate(socket), failed]);
  };

  test("[TBN-4-12] [TBN-4-11] [TBH-3-03] neither end of a negotiated connection starts one", async () => {
    const { client, server } = await handshake({ options: tls12 });
    const { ekm } = client.negotiated!;
    for (const end of [client, server]) {
      const error = await renegotiate(end.socket!);
      expect(error?.code).toBe("ERR_SSL_NO_RENEGOTIATION");
    }
    expect(client.socket!.destroyed).toBe(false);
    expect(client.socket!.exportKeyingMaterial(32, "EXPORTER-Token-Binding", undefined as never)).toEqual(
      Buffer.from(ekm),
    );
  });

  test("[TBN-4-12] the server refuses one that the client starts", async () => {
    const { client, server } = await handshake({ client: raw({ offer: answer }), options: tls12 });
    expect(server.negotiated?.keyParameters).toBe("ecdsap256");
    const finished = server.socket!.getFinished();
    const error = await outcome(client.socket!, server.socket!);
    expect(error?.message).toMatch(/no renegotiation/i);
    expect(server.socket!.getFinished()).toEqual(finished);
  });

  test("[TBN-4-12] [TBH-3-03] the client refuses one that the server asks for", async () => {
    const { client, server } = await handshake({ server: raw({ answer }), options: tls12 });
    expect(client.negotiated?.keyParameters).toBe("ecdsap256");
    const finished = client.socket!.getFinished();
    const error = await outcome(server.socket!, client.socket!);
    expect(error?.message).toMatch(/no renegotiation/i);
    expect(client.socket!.getFinished()).toEqual(finished);
  });

  test.each([
    ["nothing", undefined],
    ["a version that the server does not speak", "000d0102"],
  ])(
    "[TBN-4-12] the server does not negotiate in one, when %s was offered at first",
    async (_name, offer) => {
      const bodies = { ...(offer === undefined ? {} : { offer }), renegotiationOffer: answer };
      const { client, server } = await handshake({ client: raw(bodies), options: tls12 });
      expect(server.received).toBe(offer);
      expect(server.negotiated).toBeUndefined();
      client.socket!.resume();
      expect(await renegotiate(client.socket!)).toBeNull();
      expect(Buffer.from(receivedExtension(server.socket)!).toString("hex")).toBe(answer);
      expect(receivedExtension(client.socket)).toBeUndefined();
      expect(negotiatedTokenBinding(server.socket)).toBeUndefined();
      // Nor is it remembered as negotiated: the connection may renegotiate again.
      expect(await renegotiate(client.socket!)).toBeNull();
    },
  );

  test("a connection without Token Binding may renegotiate, and stays without", async () => {
    const { client, server } = await handshake({
      options: tls12,
      serverOptions: withoutExtendedMasterSecret,
    });
    client.socket!.resume();
    expect(await renegotiate(client.socket!)).toBeNull();
    for (const { socket } of [client, server]) expect(negotiatedTokenBinding(socket)).toBeUndefined();
  });
});
