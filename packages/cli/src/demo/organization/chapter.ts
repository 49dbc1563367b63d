import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CertificateAuthority } from "@tokbind/ca";
import { MemoryKeyStore } from "@tokbind/client";
import { secTokenBinding, TokenBindingError } from "@tokbind/codec";
import { createTokenBindingMessage } from "@tokbind/message";
import { negotiatedTokenBinding } from "@tokbind/tls";
import { type Answer, SingleConnection } from "../single-connection.ts";
import type { Step, TlsVersion } from "../story.ts";
import type { AttackName, Attacks, Loot } from "./attacker.ts";
import type { ServerOptions } from "./server.ts";

/** A certificate chain and its private key, PEM. */
export interface Holder {
  readonly cert: string;
  readonly key: string;
}

const user = "alice";
const email = "alice@example.test";
const password = "correct horse battery staple";

/** For each attack, the status of every attempt, and what is told of it. */
const attacks: readonly [AttackName, statuses: readonly number[], told: string][] = [
  [
    "man-in-the-middle",
    [401],
    "Mallory sits between them: no certificate of this CA, neither for her nor for the server.",
  ],
  [
    "spoofing",
    [401, 403],
    "Mallory makes an 'Alice' with a CA of his own, then takes a sensor's certificate for her name.",
  ],
  ["credential-stuffing", [401, 401, 401], "Mallory has a list of leaked passwords, and hers is on it."],
  ["brute-force", Array<number>(50).fill(401), "Mallory guesses 50 passwords."],
  [
    "phishing",
    [403, 401, 401],
    "Alice has typed her password at Mallory's, her cookie and even her certificate's key are copied.",
  ],
  ["malicious-request", [401], "Mallory sends the API an SQL injection; nothing reads it."],
];

/**
 * An organization makes its own CA. Alice and her sensor get certificates, Mallory tries six attacks from a process of its
 * own, and then Alice's certificate is revoked.
 *
 * @param say - called with what happens, in words for a person who has read no RFC
 */
export async function tellOrganization(
  tls: TlsVersion,
  say: (text: string) => Promise<void>,
): Promise<readonly Step[]> {
  const directory = await mkdtemp(join(tmpdir(), "tokbind-story-"));
  const children: ChildProcess[] = [];
  const start = async (script: string, options: ServerOptions | Loot): Promise<[ChildProcess, number]> => {
    const path = fileURLToPath(new URL(`${script}.js`, import.meta.url));
    const child = fork(path, [JSON.stringify(options)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    children.push(child);
    return [child, await said<number>(child)];
  };
  const steps: Step[] = [];
  const step = async (name: string, answer: Answer, expected: number, isRight: boolean, told: string) => {
    const ok = answer.status === expected && isRight;
    steps.push({ name, status: answer.status, expected, ok });
    await say(`  ${ok ? "✓" : "✗"} ${told}\n    ${name}: ${answer.status} ${answer.body.trim()}\n`);
  };

  await say(`\nAn organization with its own certificate authority, over ${tls}:\n`);
  try {
    const ca = await CertificateAuthority.create({
      directory: join(directory, "ca"),
      organization: "Example",
    });
    const issue = async (order: Parameters<typeof ca.issue>[0]) => {
      const { chain, privateKey, serialNumber } = await ca.issue(order);
      return { cert: chain, key: privateKey, serialNumber };
    };
    const aliceCertificate = await issue({ profile: "user", name: "Alice", email });
    const bob = await issue({ profile: "user", name: "Bob", email: "bob@example.test" });
    const sensorCertificate = await issue({ profile: "device", uri: "urn:example:sensor:1" });
    const [, port] = await start("server", {
      ...(await issue({ profile: "server", dns: ["localhost"] })),
      clients: {
        ca: ["root.cert.pem", "issuing.cert.pem"].map((file) => join(directory, "ca", file)),
        crl: ["crl.pem", "root.crl.pem"].map((file) => join(directory, "ca", file)),
      },
      passwords: { [user]: password },
    });
    const context = { minVersion: tls, maxVersion: tls, ca: ca.rootCertificate };
    const keyStore = new MemoryKeyStore();
    const connect = async (holder: Holder, session?: Buffer) => {
      const connection = await SingleConnection.open(port, ["ecdsap256"], { ...context, ...holder }, session);
      const { ekm } = negotiatedTokenBinding(connection.socket)!;
      const proof = await createTokenBindingMessage({
        ekm,
        provided: await keyStore.get("alice", "ecdsap256"),
      });
      return { connection, headers: { [secTokenBinding]: proof } };
    };

    const alice = await connect(aliceCertificate);
    const login = await alice.connection.post("/login", { user, password }, alice.headers);
    await step(
      "mtls-login",
      login,
      200,
      true,
      "Alice proves her certificate and a Token Binding, and logs in.",
    );
    const cookie = login.cookie ?? "";
    const mine = { ...alice.headers, cookie };
    await step(
      "mtls-me",
      await alice.connection.get("/me", mine),
      200,
      true,
      "Each of her requests proves both.",
    );
    const sensor = await connect(sensorCertificate);
    const settings = await sensor.connection.get("/settings");
    await step("mtls-sensor", settings, 200, true, "A sensor has no password; its certificate suffices.");

    const [mallory, middle] = await start("attacker", {
      ...{ port, tls, rootCertificate: ca.rootCertificate, ownCa: join(directory, "mallory") },
      ...{ user, email, password, cookie },
      ...{ copied: aliceCertificate, colleague: bob, device: sensorCertificate },
    });
    const intercepted = await reasonOf(
      SingleConnection.open(middle, [], { ...context, ...aliceCertificate }),
    );
    const counts = async () =>
      JSON.parse((await alice.connection.get("/counts", mine)).body) as Record<
        "handled" | "passwordChecks",
        number
      >;
    const before = await counts();
    mallory.send("attack");
    const tried = await said<Attacks>(mallory);
    const after = await counts();
    // Logins with a certificate get as far as the comparison of names; nothing gets as far as a password.
    const checks = after.passwordChecks - before.passwordChecks;
    const isUnread = checks === 0 && after.handled - before.handled === 5;
    for (const [name, statuses, told] of attacks) {
      const answers = tried[name];
      const isRight = String(answers.map(({ status }) => status)) === String(statuses);
      const isRefused = name !== "man-in-the-middle" || intercepted === "SELF_SIGNED_CERT_IN_CHAIN";
      await step(
        `attack-${name}`,
        answers.at(-1)!,
        statuses.at(-1)!,
        isRight && isRefused && isUnread,
        `${told} Passwords checked: ${checks}.`,
      );
    }

    await ca.revoke({ serialNumber: aliceCertificate.serialNumber, reason: "keyCompromise" });
    await ca.crl();
    const open = await alice.connection.get("/me", mine);
    await step(
      "revoked-kept-alive",
      open,
      401,
      true,
      "Her certificate is revoked: her open connection is refused at once.",
    );
    const resumed = await connect(aliceCertificate, alice.connection.session);
    const again = await resumed.connection.get("/me", { ...resumed.headers, cookie });
    const isResumed = resumed.connection.socket.isSessionReused();
    await step(
      "revoked-resumed",
      again,
      401,
      isResumed,
      "So is her resumed one, which TLS by itself accepts.",
    );
    const still = await sensor.connection.get("/settings");
    await step("others-go-on", still, 200, true, "The sensor's open connection goes on.");
    for (const { connection } of [alice, sensor, resumed]) connection.close();
    return steps;
  } finally {
    await Promise.all(children.map(end));
    await rm(directory, { recursive: true });
  }
}

/** The next message of a child process. */
async function said<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, "exit").then(() => {
    throw new TokenBindingError("connection_lost", "a process of the story ended before its time");
  });
  // When the message comes first, nobody waits for the end.
  ended.catch(() => undefined);
  const [message] = (await Promise.race([once(child, "message"), ended])) as [T];
  return message;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, "exit");
}

async function reasonOf(connection: Promise<SingleConnection>): Promise<string | undefined> {
  try {
    (await connection).close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
