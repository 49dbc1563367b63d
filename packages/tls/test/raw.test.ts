import { describe, expect, test } from "vitest";
import { handshake, only, raw, versions } from "@tokbind/testing/handshake";

describe.each(versions)("%s", (version) => {
  test.each([
    ["empty bodies", "", ""],
    ["malformed bodies", "0100", "00"],
    ["what nobody may answer", "01000102", "ffff0201"],
    ["long bodies", "24".repeat(5000), "42".repeat(3000)],
  ])("withRawExtension sends and takes %s, and negotiates nothing", async (_name, offer, answer) => {
    const end = raw({ offer, renegotiationOffer: "4711", answer });
    const ends = { client: end, server: end };
    const { client, server } = await handshake({ ...ends, options: only(version) });
    expect(client.error ?? server.error).toBeUndefined();
    expect([server.received, client.received]).toEqual([offer, answer]);
    expect(client.negotiated ?? server.negotiated).toBeUndefined();
  });

  test("a server without an answer stays silent", async () => {
    const ends = { client: raw({ offer: "0100" }), server: raw({ offer: "01000102" }) };
    const { client, server } = await handshake({ ...ends, options: only(version) });
    expect([server.received, client.received, client.error]).toEqual(["0100", undefined, undefined]);
  });
});
