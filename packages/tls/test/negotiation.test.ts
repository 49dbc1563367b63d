import { exporterLabel, type KeyParameters, keyParametersCodes } from "@tokbind/codec";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { negotiatedTokenBinding } from "@tokbind/tls";
import {
  extension24,
  handshake,
  helloProxy,
  only,
  plain,
  raw,
  type Tape,
  tokenBinding,
  versions,
} from "@tokbind/testing/handshake";

const names = Object.keys(keyParametersCodes) as KeyParameters[];

describe.each(versions)("%s", (version) => {
  const options = only(version);

  test("[TBN-4-15] [TBN-4-11] [TBP-3.3-07] [T13-2-04] both ends agree, for every key parameters, on the same EKM", async () => {
    for (const name of names) {
      const { client, server } = await handshake({ client: tokenBinding(name), options });
      expect(client.negotiated).toMatchObject({
        version: { major: 1, minor: 0 },
        keyParameters: name,
        tlsVersion: version,
        resumed: false,
      });
      expect(server.negotiated).toEqual(client.negotiated);
      expect(server.negotiated?.ekm).toHaveLength(32);
      expect(negotiatedTokenBinding(client.socket)).toBe(client.negotiated);
    }
  });

  test("[A-21] the EKM is exported without a context", async () => {
    const { client } = await handshake({ options });
    const exportWith = (...context: Buffer[]) =>
      (
        client.socket as unknown as { exportKeyingMaterial(n: number, l: string, ...c: Buffer[]): Buffer }
      ).exportKeyingMaterial(32, exporterLabel, ...context);
    expect(Buffer.from(client.negotiated!.ekm)).toEqual(exportWith());
    const isSameWithEmptyContext = exportWith().equals(exportWith(Buffer.alloc(0)));
    expect(isSameWithEmptyContext).toBe(version === "TLSv1.3");
  });

  test("[TBN-2-01] [TBN-2-02] [TBN-5-01] [T13-2-01] the bodies are 01 00 01 02 on the wire, the answer in the message for the version", async () => {
    let tape: Tape | undefined;
    const through = async (port: number) => (tape = await helloProxy(port)).port;
    const { client, server } = await handshake({ client: tokenBinding("ecdsap256"), options, through });
    expect(extension24(tape!.hellos[0])).toBe("01000102");
    expect(extension24(tape!.hellos[1])).toBe(version === "TLSv1.2" ? "01000102" : undefined);
    expect([server.received, client.received]).toEqual(["01000102", "01000102"]);
  });

  test("[TBN-2-03] the client's list is in its order of preference", async () => {
    const client = tokenBinding("rsa2048_pss", "ecdsap256", "rsa2048_pkcs1.5");
    expect((await handshake({ client, options })).server.received).toBe("010003010200");
    expect((await handshake({ options })).server.received).toBe("010003020100");
  });

  test("[TBN-4-02] [TBN-4-04] the server's order decides", async () => {
    const orders: KeyParameters[][] = [
      ["ecdsap256", "rsa2048_pss", "rsa2048_pkcs1.5"],
      ["rsa2048_pkcs1.5", "rsa2048_pss", "ecdsap256"],
    ];
    for (const order of orders) {
      const client = tokenBinding(...[...order].reverse());
      const ends = await handshake({ server: tokenBinding(...order), client, options });
      expect(ends.client.negotiated?.keyParameters).toBe(order[0]);
      expect(ends.server.negotiated?.keyParameters).toBe(order[0]);
    }
  });

  test.each([
    ["[TBN-2-05] [TBN-3-05] {1,1}: the lower of the two versions", "01010102", "01000102"],
    ["[TBN-2-07] [A-15] {2,0}: higher, though its minor is not", "02000102", "01000102"],
    ["[TBN-3-05] {255,255}", "ffff0102", "01000102"],
    ["[TBN-3-01] {0,1}: none that the server speaks", "00010102", undefined],
    ["[TBN-2-07] [A-15] {0,255}: lower, though its minor is not", "00ff0102", undefined],
    ["[TBN-3-02] [TBN-4-03] no known identifier", "01000163", undefined],
    ["[TBN-3-04] [A-18] an unknown identifier is ignored", "0100026302", "01000102"],
    ["[A-18] duplicates are ignored", "01000402020102", "01000102"],
    ["[TBN-3-06] one identifier of the client's list", "0100020001", "01000101"],
    ["[TBN-3-04] the longest list", `0100ff${"63".repeat(254)}00`, "01000100"],
  ])("server: %s", async (_name, offer, answer) => {
    const { client, server } = await handshake({ client: raw({ offer }), options });
    expect(server.received).toBe(offer);
    expect(client.received).toBe(answer);
    expect(server.negotiated === undefined).toBe(answer === undefined);
    expect(client.error ?? server.error).toBeUndefined();
  });

  test.each([
    ["{0,13}", "000d0102"],
    ["{0,255}", "00ff0102"],
  ])(
    "[TBN-2-06] [TBN-4-16] [A-15] client: the answer %s is not spoken, and the connection goes on without",
    async (_version, answer) => {
      const { client, server } = await handshake({ server: raw({ answer }), options });
      expect(client.received).toBe(answer);
      expect(client.negotiated).toBeUndefined();
      expect(server.error).toBeUndefined();
      client.socket!.end("still works");
      const [echo] = (await client.socket!.toArray()) as Buffer[];
      expect(echo?.toString()).toBe("still works");
    },
  );

  test("[TBN-4-14] an end that does not know Token Binding: undefined at both, and the connection works", async () => {
    for (const [client, server] of [
      [plain, tokenBinding()],
      [tokenBinding(), plain],
    ] as const) {
      const ends = await handshake({ client, server, options });
      expect([ends.client.error, ends.server.error]).toEqual([undefined, undefined]);
      expect([ends.client.negotiated, ends.server.negotiated]).toEqual([undefined, undefined]);
    }
  });

  test("[TBN-4-01] the server selects what both list and it prefers, for any two lists", async () => {
    const order = fc.shuffledSubarray(names, { minLength: 1 });
    const offered = fc.uint8Array({ minLength: 1, maxLength: 8, max: 5 });
    await fc.assert(
      fc.asyncProperty(order, offered, async (preferred, list) => {
        const offer = Buffer.from([1, 0, list.length, ...list]).toString("hex");
        const ends = await handshake({ server: tokenBinding(...preferred), client: raw({ offer }), options });
        const chosen = preferred.find((name) => list.includes(keyParametersCodes[name]));
        expect(ends.server.negotiated?.keyParameters).toBe(chosen);
        const answer = chosen && `010001${keyParametersCodes[chosen].toString(16).padStart(2, "0")}`;
        expect(ends.client.received).toBe(answer);
      }),
      { numRuns: 60 },
    );
  });

  test("[A-19] after HelloRetryRequest both ends agree as well", async ({ skip }) => {
    if (version === "TLSv1.2") skip("TLS 1.2 has no HelloRetryRequest");
    let tape: Tape | undefined;
    const through = async (port: number) => (tape = await helloProxy(port)).port;
    const { client, server } = await handshake({ options, serverOptions: { ecdhCurve: "P-384" }, through });
    const fromClient = tape!.hellos.filter(({ from }) => from === "client");
    expect(fromClient.map(extension24)).toEqual(["010003020100", "010003020100"]);
    expect(client.negotiated?.keyParameters).toBe("ecdsap256");
    expect(server.negotiated).toEqual(client.negotiated);
  });
});

test("[T13-2-02] one ClientHello serves TLS 1.2 and TLS 1.3 servers", async () => {
  for (const version of versions) {
    let tape: Tape | undefined;
    const through = async (port: number) => (tape = await helloProxy(port)).port;
    const { client } = await handshake({ serverOptions: only(version), through });
    expect(extension24(tape!.hellos[0])).toBe("010003020100");
    expect(client.negotiated?.tlsVersion).toBe(version);
  }
});

test("TLS 1.1 negotiates as TLS 1.2 does", async () => {
  const options = { ...only("TLSv1.1"), ciphers: "DEFAULT@SECLEVEL=0" };
  const { client, server } = await handshake({ options });
  expect(client.negotiated?.tlsVersion).toBe("TLSv1.1");
  expect(server.negotiated).toEqual(client.negotiated);
});
