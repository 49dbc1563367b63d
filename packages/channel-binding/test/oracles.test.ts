import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import tls, { TLSSocket, type TLSSocketOptions } from "node:tls";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import {
  channelBinding,
  type ChannelBindingType,
  createScramCredentials,
  type ScramMechanism,
  ScramServer,
  type TokenBindingError,
} from "../src/index.ts";

// What others compute of the same connection.

const has = (command: string, debian: string) => {
  const isThere = spawnSync(command, ["--version"]).status === 0;
  if (!isThere) process.stderr.write(`skipped: tests against ${command} need it (Debian: ${debian})\n`);
  return isThere;
};
const [hasPython, hasGnutls, hasGsasl] = [
  has("python3", "python3"),
  has("gnutls-cli", "gnutls-bin"),
  has("gsasl", "gsasl"),
];

/** A server that says what it computes, in hex, on each connection. */
async function sayingServer(types: ChannelBindingType[]): Promise<number> {
  const server = tls.createServer(certificate, (socket) => {
    socket.on("error", () => undefined);
    socket.end(`${types.map((type) => channelBinding(socket, type).toString("hex")).join(" ")}\n`);
  });
  return listenInTest(server);
}

describe.runIf(hasPython)("Python's ssl", () => {
  test("[CB-5929-3-01] [CB-5929-3-02] has the same tls-unique, full and resumed", async () => {
    const port = await sayingServer(["tls-unique"]);
    const program = `
import socket, ssl
context = ssl._create_unverified_context()
context.maximum_version = ssl.TLSVersion.TLSv1_2
session = None
for _ in range(2):
    with context.wrap_socket(socket.create_connection(("127.0.0.1", ${port})), session=session) as s:
        print(s.session_reused, s.get_channel_binding("tls-unique").hex() == s.recv(1000).decode().strip())
        session = s.session
`;
    const { stdout } = await promisify(execFile)("python3", ["-c", program]);
    expect(stdout).toBe("False True\nTrue True\n");
  });
});

describe.runIf(hasGnutls)("GnuTLS", () => {
  test.each([
    ["1.2", ["tls-unique", "tls-server-end-point"]],
    ["1.3", ["tls-server-end-point"]],
  ] as const)("[CB-5929-3-01] [CB-5929-4.1-03] over TLS %s has the same %s", async (version, types) => {
    const port = await sayingServer([...types]);
    const priority = `NORMAL:-VERS-ALL:+VERS-TLS${version}`;
    const args = ["--insecure", "--verbose", "--priority", priority, "-p", String(port), "127.0.0.1"];
    const gnutls = spawn("gnutls-cli", args, { stdio: ["ignore", "pipe", "ignore"] });
    const output = await text(gnutls.stdout);
    const theirs = types.map((type) => new RegExp(`'${type}': ([0-9a-f]+)`).exec(output)?.[1]);
    expect(theirs.join(" ")).toMatch(/^[0-9a-f ]+$/);
    expect(output).toContain(theirs.join(" "));
  });
});

describe.runIf(hasGsasl)("GNU SASL logs in to our SCRAM server", () => {
  const password = "alice-password";

  /** Runs gsasl against an IMAP server that knows three commands; the result is what the server saw: a name only after gsasl has accepted `v=`. */
  async function gsasl(
    mechanism: string,
    { version = "TLSv1.3", given = password }: { version?: "TLSv1.2" | "TLSv1.3"; given?: string } = {},
  ) {
    const seen: string[] = [];
    const secureContext = tls.createSecureContext({ ...certificate, maxVersion: version });
    const server = net.createServer((socket) => {
      serveImap(socket, { isServer: true, secureContext }, (line) => seen.push(line));
    });
    const port = await listenInTest(server);
    const args = ["--imap", "--connect", `127.0.0.1:${port}`, "-m", mechanism, "-a", "alice", "-p", given];
    const child = spawn("gsasl", [...args, "--x509-ca-file=", "--quiet"], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    onTestFinished(() => {
      child.kill();
    });
    await once(child, "exit");
    return seen;
  }

  test.each([
    ["SCRAM-SHA-256-PLUS", "TLSv1.3", "tls-exporter"],
    ["SCRAM-SHA-1-PLUS", "TLSv1.3", "tls-exporter"],
    ["SCRAM-SHA-256-PLUS", "TLSv1.2", "tls-unique"],
  ] as const)("[CB-9266-06] %s over %s, bound by %s", async (mechanism, version, type) => {
    expect(await gsasl(mechanism, { version })).toEqual([`alice ${type}`]);
  });

  test("with a wrong password it does not", async () => {
    expect(await gsasl("SCRAM-SHA-256-PLUS", { given: "x" })).toEqual(["invalid_proof"]);
  });
});

/** STARTTLS, then AUTHENTICATE by SCRAM; says who logged in, or why not. */
function serveImap(socket: net.Socket, options: TLSSocketOptions, seen: (line: string) => void): void {
  const secured = socket instanceof TLSSocket ? socket : undefined;
  const say = (line: string) => socket.write(`${line}\r\n`);
  const lines = createInterface({ input: socket });
  let answer: ((line: string) => void) | undefined;
  const nextLine = (prompt: string) =>
    new Promise<string>((resolve) => {
      answer = (line) => {
        answer = undefined;
        resolve(Buffer.from(line, "base64").toString());
      };
      say(`+ ${Buffer.from(prompt).toString("base64")}`);
    });
  const authenticate = async (tag: string, mechanism: ScramMechanism, initial: string | undefined) => {
    try {
      const kept = await createScramCredentials(mechanism, "alice-password");
      const scram = new ScramServer({
        mechanism,
        channelBinding: { socket: secured! },
        credentials: (name) => (name === "alice" ? kept : undefined),
        secret: Buffer.alloc(16),
      });
      const first = initial === undefined ? await nextLine("") : Buffer.from(initial, "base64").toString();
      const {
        serverFinal,
        username,
        channelBinding: type,
      } = scram.final(await nextLine(await scram.first(first)));
      await nextLine(serverFinal);
      seen(`${username} ${type ?? "unbound"}`);
      say(`${tag} OK welcome`);
    } catch (error) {
      seen((error as TokenBindingError).code);
      say(`${tag} NO`);
    }
  };
  socket.on("error", () => undefined);
  if (!secured) say("* OK ready");
  lines.on("line", (line) => {
    if (answer) {
      answer(line);
      return;
    }
    const [tag = "*", command = "", argument = "", initial] = line.split(" ");
    if (command === "CAPABILITY") {
      say(`* CAPABILITY IMAP4rev1 ${secured ? "AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-1-PLUS" : "STARTTLS"}`);
      say(`${tag} OK done`);
    } else if (command === "STARTTLS") {
      say(`${tag} OK go`);
      lines.close();
      socket.removeAllListeners("data");
      const upgraded = new TLSSocket(socket, options);
      upgraded.once("secure", () => {
        serveImap(upgraded, options, seen);
      });
      upgraded.on("error", () => undefined);
    } else if (command === "AUTHENTICATE") {
      void authenticate(tag, argument as ScramMechanism, initial);
    } else {
      say(`${tag} OK done`);
      if (command === "LOGOUT") socket.end();
    }
  });
}
