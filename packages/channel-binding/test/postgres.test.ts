import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import tls, { type SecureVersion, TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { listenInTest, temporaryDirectory } from "@tokbind/testing/vitest";
import { channelBinding, ScramClient, type ScramClientOptions } from "../src/index.ts";
import { certificateSigned, hasOpenssl, signatures } from "./support/openssl.ts";
import { connectPostgres, loginToPostgres } from "./support/postgres-login.ts";
import { hasPostgres, Postgres } from "./support/postgres.ts";

describe.runIf(hasPostgres && hasOpenssl)("PostgreSQL", () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await Postgres.start(certificateSigned("RSA SHA-256"));
    return () => postgres.stop();
  });

  const makeClient = (mechanisms: string[], options: Partial<ScramClientOptions>) =>
    new ScramClient({ mechanisms, username: "alice", password: "alice-password", ...options });
  const both = ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"];

  test.each(Object.keys(signatures) as (keyof typeof signatures)[])(
    "[CB-5802-6-01] [CB-5929-4.1-02] [CB-5929-4.1-03] [CB-5929-4.1-04] judges our tls-server-end-point right: %s",
    async (kind) => {
      await postgres.useCertificate(certificateSigned(kind));
      const socket = await connectPostgres(postgres.port);
      const offered = await loginToPostgres(socket, (mechanisms) =>
        makeClient(mechanisms, { channelBinding: { socket, type: "tls-server-end-point" } }),
      );
      expect(offered.sort()).toEqual(both);
    },
  );

  /** Who accepts what. */
  const bound = async (
    version: SecureVersion,
    type: "tls-server-end-point" | "tls-exporter" | "tls-unique",
    change: (data: Buffer) => void = () => undefined,
  ) => {
    const socket = await connectPostgres(postgres.port, { minVersion: version, maxVersion: version });
    const data = channelBinding(socket, type);
    change(data);
    return loginToPostgres(socket, (mechanisms) =>
      makeClient(mechanisms, { channelBinding: { type, data } }),
    );
  };

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "%s: only tls-server-end-point counts, and every bit of it",
    async (version) => {
      await expect(bound(version, "tls-server-end-point")).resolves.toContain("SCRAM-SHA-256-PLUS");
      const flip = (data: Buffer) => {
        data[7]! ^= 1;
      };
      await expect(bound(version, "tls-server-end-point", flip)).rejects.toThrow(
        "channel binding check failed",
      );
      const other = version === "TLSv1.2" ? "tls-unique" : "tls-exporter";
      await expect(bound(version, other)).rejects.toThrow(/unsupported SCRAM channel-binding type/);
    },
  );

  test("[CB-5802-6-03] it refuses y, and accepts n: who doesn't ask for a binding gets none", async () => {
    const unbound = async (options: Partial<ScramClientOptions>) => {
      const socket = await connectPostgres(postgres.port);
      const mechanisms = ["SCRAM-SHA-256"];
      return loginToPostgres(socket, () => makeClient(mechanisms, { acceptUnbound: true, ...options }));
    };
    const canBind = { channelBinding: { type: "tls-server-end-point", data: Buffer.alloc(32) } };
    await expect(unbound(canBind)).rejects.toThrow(/channel binding/);
    await expect(unbound({})).resolves.toEqual(both.reverse());
  });

  test("a wrong password is one", async () => {
    const socket = await connectPostgres(postgres.port);
    const channelBinding = { socket, type: "tls-server-end-point" } as const;
    await expect(
      loginToPostgres(socket, (mechanisms) => makeClient(mechanisms, { channelBinding, password: "x" })),
    ).rejects.toThrow(/password authentication failed/);
  });

  /** Who ends TLS in between, with a certificate that the client trusts as well. */
  async function relayInTest(): Promise<number> {
    const secureContext = tls.createSecureContext(certificateSigned("RSA SHA-384"));
    const server = net.createServer((raw) => {
      raw
        .on("error", () => undefined)
        .once("data", () => {
          raw.write("S");
          const victim = new TLSSocket(raw, { isServer: true, secureContext });
          void connectPostgres(postgres.port).then((to) => {
            victim.pipe(to).pipe(victim);
            for (const socket of [victim, to]) socket.on("error", () => undefined);
            to.on("close", () => victim.destroy());
          });
        });
    });
    return listenInTest(server);
  }

  test("[CB-5056-02] relayed, a login that is bound fails, and an unbound one succeeds", async () => {
    const port = await relayInTest();
    const through = async (
      options: (socket: TLSSocket) => Partial<ScramClientOptions>,
      offered?: string[],
    ) => {
      const socket = await connectPostgres(port);
      return loginToPostgres(socket, (mechanisms) => makeClient(offered ?? mechanisms, options(socket)));
    };
    const bound = (socket: TLSSocket) => ({
      channelBinding: { socket, type: "tls-server-end-point" } as const,
    });
    await expect(through(bound)).rejects.toThrow("channel binding check failed");
    await expect(through(() => ({ acceptUnbound: true }), ["SCRAM-SHA-256"])).resolves.toBeDefined();
  });

  test("the example logs in, and not through a relay; psql neither", async () => {
    await postgres.useCertificate(certificateSigned("RSA SHA-256"));
    const folder = await temporaryDirectory();
    const ca = join(folder, "ca.pem");
    writeFileSync(ca, certificateSigned("RSA SHA-256").cert + certificateSigned("RSA SHA-384").cert);
    const env = (port: number) => ({
      ...process.env,
      ...{ PGHOST: "127.0.0.1", PGPORT: String(port), PGUSER: "alice", PGPASSWORD: "alice-password" },
      ...{ PGDATABASE: "postgres", PGCHANNELBINDING: "require", PGSSLMODE: "require" },
    });
    const example = fileURLToPath(new URL("../../../docs/examples/postgresql.js", import.meta.url));
    const logIn = (port: number) => promisify(execFile)(process.execPath, [example, ca], { env: env(port) });
    const psql = (port: number) =>
      promisify(execFile)("psql", ["-Atc", "select current_user"], { env: env(port) });
    for (const client of [logIn, psql]) expect((await client(postgres.port)).stdout).toBe("alice\n");
    const relay = await relayInTest();
    for (const client of [logIn, psql]) {
      await expect(client(relay)).rejects.toMatchObject({
        stderr: expect.stringContaining("channel binding") as string,
      });
    }
  });
});
