import { constants } from "node:crypto";
import type { SecureContextOptions, Server } from "node:tls";
import { describe, expect, test } from "vitest";
import {
  connect,
  Listener,
  only,
  plain,
  tokenBinding,
  versions,
  withoutExtendedMasterSecret,
  type Wrapper,
} from "@tokbind/testing/handshake";
import { listenInTest } from "@tokbind/testing/vitest";

/** Keeps sessions by their IDs, as servers without tickets do. */
function storeSessions(server: Server) {
  const sessions = new Map<string, Buffer>();
  server.on("newSession", (id, session, done) => {
    sessions.set(id.toString("hex"), session);
    done();
  });
  server.on("resumeSession", (id: Buffer, done: (error: Error | null, session: Buffer | null) => void) => {
    done(null, sessions.get(id.toString("hex")) ?? null);
  });
}

// Node resumes by session ID up to TLS 1.2 only.
const cases = [...versions.map((version) => [version, "tickets"] as const), ["TLSv1.2", "IDs"] as const];

describe.each(cases)("%s, resumed by %s", (version, means) => {
  /** A first connection, and a second one that resumes its session, to one server. */
  async function resume(first: Wrapper, second: Wrapper, server: Wrapper = tokenBinding()) {
    const secureOptions = means === "IDs" ? constants.SSL_OP_NO_TICKET : 0;
    const listener = new Listener(server, { ...only(version), secureOptions });
    if (means === "IDs") storeSessions(listener.server);
    const port = await listenInTest(listener.server);
    const one = await connect(first, port, only(version));
    const oneServer = await listener.next();
    one.socket!.resume();
    const session = await one.session;
    const two = await connect(second, port, { ...only(version), session });
    expect(two.socket!.isSessionReused()).toBe(true);
    return { one, oneServer, two, twoServer: await listener.next() };
  }

  test("[TBN-4-15] [A-19] negotiates afresh, with a new EKM", async () => {
    const { one, oneServer, two, twoServer } = await resume(tokenBinding(), tokenBinding());
    expect(one.negotiated).toMatchObject({ resumed: false, keyParameters: "ecdsap256" });
    expect(two.negotiated).toMatchObject({ resumed: true, keyParameters: "ecdsap256", tlsVersion: version });
    expect(oneServer.negotiated).toEqual(one.negotiated);
    expect(twoServer.negotiated).toEqual(two.negotiated);
    expect(two.negotiated?.ekm).not.toEqual(one.negotiated?.ekm);
  });

  test("[A-19] with other parameters than the first time", async () => {
    const { two, twoServer } = await resume(tokenBinding(), tokenBinding("rsa2048_pss"));
    expect(two.negotiated).toMatchObject({ resumed: true, keyParameters: "rsa2048_pss" });
    expect(twoServer.negotiated).toEqual(two.negotiated);
  });

  test("[TBN-4-15] omitted on resumption means not negotiated", async () => {
    const { one, two, twoServer } = await resume(tokenBinding(), plain);
    expect(one.negotiated).toBeDefined();
    expect(two.negotiated ?? twoServer.negotiated).toBeUndefined();
  });

  test("[TBN-4-15] [A-19] offered only on resumption: negotiated", async () => {
    const { one, two, twoServer } = await resume(plain, tokenBinding());
    expect(one.negotiated).toBeUndefined();
    expect(two.negotiated).toMatchObject({ resumed: true, keyParameters: "ecdsap256" });
    expect(twoServer.negotiated).toEqual(two.negotiated);
  });
});

test("[A-19] up to TLS 1.2 a session made without EMS is not resumed with Token Binding", async () => {
  const options: SecureContextOptions = only("TLSv1.2");
  const listener = new Listener(tokenBinding(), options);
  const port = await listenInTest(listener.server);
  const one = await connect(tokenBinding(), port, { ...options, ...withoutExtendedMasterSecret });
  expect(one.negotiated).toBeUndefined();
  one.socket!.resume();
  const two = await connect(tokenBinding(), port, { ...options, session: await one.session });
  expect(two.negotiated).toMatchObject({ resumed: false });
});
