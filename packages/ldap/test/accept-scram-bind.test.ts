import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import tls, { connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createScramCredentials } from "@tokbind/channel-binding";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import {
  acceptScramBind,
  type AcceptScramBindOptions,
  bindScram,
  connectDirectory,
  TokenBindingError,
} from "../src/index.ts";
import type { LdapConnection } from "../src/ldap-connection.ts";
import { encode, encodeNumber, tags } from "../src/ber.ts";
import { withConnection } from "../src/with-connection.ts";
import { type CertificateFiles, has, makeCertificateFiles } from "./support/peers.ts";
import { relayInTest } from "./support/relay.ts";

const kept = await createScramCredentials("SCRAM-SHA-256", "alice-password");
const code = (code: string) => expect.objectContaining({ code }) as unknown;
const alice = { username: "alice", password: "alice-password" };

/** A front for the length of a test, and what each bind came to. */
async function front(
  options: Partial<AcceptScramBindOptions> = {},
  pem: { cert: string; key: string } = certificate,
): Promise<{ port: number; outcomes: string[] }> {
  const outcomes: string[] = [];
  const server = tls.createServer(pem, (socket) => {
    socket.on("error", () => undefined);
    const credentials = (username: string) => (username === "alice" ? kept : undefined);
    acceptScramBind(socket, { credentials, secret: Buffer.alloc(16), ...options }).then(
      ({ username, channelBinding }) => {
        outcomes.push(`${username} ${channelBinding ?? "unbound"}`);
        // To every further request: whoami, or what the client can't understand.
        socket.on("data", (request: Buffer) => {
          const id = request.subarray(2, 4 + request[3]!);
          const parts = [
            encodeNumber(tags.enumerated, 0),
            encode(tags.octetString),
            encode(tags.octetString),
          ];
          const operation = encode(tags.extendedResponse, ...parts, encode(0x8b, `u:${username}`));
          socket.write(encode(tags.sequence, id, operation));
        });
      },
      (error: unknown) => {
        outcomes.push(error instanceof TokenBindingError ? error.code : String(error));
      },
    );
  });
  return { port: await listenInTest(server), outcomes };
}

async function connect(port: number, options: tls.ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = await connectDirectory({
    host: "127.0.0.1",
    port,
    tls: { rejectUnauthorized: false, ...options },
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

test.each(["TLSv1.2", "TLSv1.3"] as const)(
  "takes our client over %s, by every type of channel binding",
  async (version) => {
    const { port, outcomes } = await front({ dialect: "openldap" });
    const versions = { minVersion: version, maxVersion: version };
    const type = version === "TLSv1.2" ? "tls-unique" : "tls-exporter";
    await bindScram(await connect(port, versions), alice);
    await bindScram(await connect(port, versions), { ...alice, type: "tls-server-end-point" });
    await bindScram(await connect(port, versions), { ...alice, dialect: "openldap" });
    expect(outcomes).toEqual([`alice ${type}`, "alice tls-server-end-point", "alice ldap"]);
  },
);

test("tells a client why it is refused", async () => {
  const { port, outcomes } = await front();
  await expect(bindScram(await connect(port), { ...alice, password: "x" })).rejects.toThrow(
    code("invalid_proof"),
  );
  await expect(bindScram(await connect(port), { ...alice, username: "bob" })).rejects.toThrow(
    code("invalid_proof"),
  );
  await expect(bindScram(await connect(port), { ...alice, dialect: "openldap" })).rejects.toThrow(
    code("unsupported_channel_binding_type"),
  );
  // Told that there is no -PLUS, a client that accepts that says y.
  const strippedOptions = { ...alice, mechanisms: ["SCRAM-SHA-256"], acceptUnbound: true };
  await expect(bindScram(await connect(port), strippedOptions)).rejects.toThrow(
    code("mechanism_not_offered"),
  );
  const lenient = await front({ acceptUnbound: true });
  await expect(bindScram(await connect(lenient.port), strippedOptions)).rejects.toThrow(
    code("server_does_support_channel_binding"),
  );
  expect(outcomes).toEqual([
    "invalid_proof",
    "invalid_proof",
    "unsupported_channel_binding_type",
    "mechanism_not_offered",
  ]);
});

test("before a bind it shows the root DSE and nothing else, and not for long", async () => {
  const { port, outcomes } = await front();
  await withConnection(await connect(port), undefined, async (connection) => {
    expect(await connection.rootDse("supportedSASLMechanisms")).toEqual(["SCRAM-SHA-256-PLUS"]);
    expect((await connection.extended("1.3.6.1.4.1.4203.1.11.3")).resultCode).toBe(8);
    expect((await connection.bind("PLAIN", "\0alice\0alice-password")).resultCode).toBe(7);
  });
  const ask = async (connection: LdapConnection) => {
    for (let count = 0; count < 20; count++) await connection.extended("1.3.6.1.4.1.4203.1.11.3");
  };
  await expect(withConnection(await connect(port), undefined, ask)).rejects.toThrow(code("connection_lost"));
  const hanging = await front({ timeout: 50 });
  const socket = await connect(hanging.port);
  await new Promise((resolve) => socket.resume().once("close", resolve));
  expect([...outcomes, ...hanging.outcomes]).toEqual(["mechanism_not_offered", "bind_refused", "timed_out"]);
});

test.each([
  ["nothing but an end", ""],
  ["an unbind", "30050201014200"],
  ["a simple bind, then its end", "300c020101600702010304008000"],
  ["an abandon", "30060201015001" + "05"],
  ["half a message", "3005"],
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n").toString("hex")],
  ["a bind without a mechanism", "300c0201016007020103" + "0400a300"],
])("%s is refused", async (_, bytes) => {
  const { port, outcomes } = await front();
  const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
  socket.on("error", () => undefined).end(Buffer.from(bytes, "hex"));
  await new Promise((resolve) => socket.resume().once("close", resolve));
  expect(outcomes).toHaveLength(1);
  expect(outcomes[0]).toMatch(/^(?:connection_lost|invalid_encoding)$/);
});

test("wrong options and sockets are the application's mistakes", async () => {
  const options = { credentials: () => undefined, secret: Buffer.alloc(16) };
  const accept = (options: object) =>
    (acceptScramBind as (socket: unknown, options: object) => Promise<unknown>)({}, options);
  await expect(accept(options)).rejects.toThrow(code("no_tls_connection"));
  for (const wrong of [{ credentials: undefined }, { dialect: "ad" }, { mechanisms: [] }, { plus: true }]) {
    await expect(accept({ ...options, ...wrong })).rejects.toThrow(code("invalid_argument"));
  }
});

describe.runIf(has("ldapwhoami", "ldap-utils libsasl2-modules") && has("openssl", "openssl"))(
  "OpenLDAP's own client",
  () => {
    let certificates: CertificateFiles;
    beforeAll(() => {
      certificates = makeCertificateFiles();
    });
    afterAll(() => {
      certificates.remove();
    });
    const pem = () => ({
      cert: readFileSync(certificates.server.cert, "utf8"),
      key: readFileSync(certificates.server.key, "utf8"),
    });
    const whoami = (port: number, password: string) =>
      promisify(execFile)(
        "ldapwhoami",
        ["-H", `ldaps://localhost:${port}`, "-Y", "SCRAM-SHA-256-PLUS", "-U", "alice", "-w", password, "-Q"],
        {
          env: {
            ...process.env,
            LDAPTLS_CACERT: `${certificates.folder}/ca.pem`,
            LDAPSASL_CBINDING: "tls-endpoint",
          },
        },
      );

    test("[CB-OLDAP-01] binds in its dialect; with a wrong password or through a relay it does not", async () => {
      const { port, outcomes } = await front({ dialect: "openldap" }, pem());
      expect((await whoami(port, "alice-password")).stdout).toBe("u:alice\n");
      await expect(whoami(port, "x")).rejects.toThrow();
      const relay = await relayInTest(certificates.relay, { host: "127.0.0.1", port });
      await expect(whoami(relay, "alice-password")).rejects.toThrow();
      expect(outcomes).toEqual(["alice ldap", "invalid_proof", "channel_bindings_dont_match"]);
    });

    test("and to the example of docs", async () => {
      const example = fileURLToPath(new URL("../../../docs/examples/ldap-front.js", import.meta.url));
      const { cert, key } = certificates.server;
      const child = spawn(process.execPath, [example, cert, key, "0"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      onTestFinished(async () => {
        child.kill();
        await once(child, "exit");
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const line = async () => ((await lines.next()) as { value: string }).value;
      const port = Number((await line()).slice("port: ".length));
      expect((await whoami(port, "alice-password")).stdout).toBe("u:alice\n");
      expect(await line()).toBe("bound: alice");
      await expect(whoami(port, "x")).rejects.toThrow();
      expect(await line()).toBe("refused: invalid_proof");
    });
  },
);
