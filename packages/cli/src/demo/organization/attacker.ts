// Mallory, in a process of its own: `node attacker.js LOOT`, in JSON. First it listens, as a man in the middle; when its
// parent says so, it tries all six attacks and says what came of each.

import { once } from "node:events";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { CertificateAuthority } from "@tokbind/ca";
import { MemoryKeyStore } from "@tokbind/client";
import { secTokenBinding } from "@tokbind/codec";
import { createTokenBindingMessage } from "@tokbind/message";
import { negotiatedTokenBinding } from "@tokbind/tls";
import { type Answer, SingleConnection } from "../single-connection.ts";
import type { TlsVersion } from "../story.ts";
import type { Holder } from "./chapter.ts";

/** What Mallory knows and has stolen. */
export interface Loot {
  /** Of the real server. */
  readonly port: number;
  readonly tls: TlsVersion;
  readonly rootCertificate: string;
  /** Where to make a CA that nobody else trusts. */
  readonly ownCa: string;
  readonly user: string;
  readonly email: string;
  readonly password: string;
  readonly cookie: string;
  /** A copy of the user's certificate and key, and those of a colleague and of a device. */
  readonly copied: Holder;
  readonly colleague: Holder;
  readonly device: Holder;
}

/** What the server answered, the last and best attempt at the end; its counts before and after tell what got through. */
export type Attacks = Readonly<Record<AttackName, readonly Answer[]>>;

export type AttackName =
  "man-in-the-middle" | "spoofing" | "credential-stuffing" | "brute-force" | "phishing" | "malicious-request";

const loot = JSON.parse(process.argv[2]!) as Loot;
const { port, user, password, cookie } = loot;
const context = { minVersion: loot.tls, maxVersion: loot.tls, ca: loot.rootCertificate };
const own = await CertificateAuthority.create({ directory: loot.ownCa, organization: "Mallory" });
const counterfeit = async (order: Parameters<typeof own.issue>[0]): Promise<Holder> => {
  const { chain, privateKey } = await own.issue(order);
  return { cert: chain, key: privateKey };
};

/** Does something over a connection of its own, with a certificate or without. */
async function over(
  holder: Holder | undefined,
  work: (connection: SingleConnection, headers: Record<string, string>) => Promise<Answer>,
): Promise<Answer> {
  const connection = await SingleConnection.open(port, ["ecdsap256"], { ...context, ...holder });
  try {
    const { ekm } = negotiatedTokenBinding(connection.socket)!;
    const provided = await new MemoryKeyStore().get("mallory", "ecdsap256");
    const proof = await createTokenBindingMessage({ ekm, provided });
    return await work(connection, { [secTokenBinding]: proof });
  } finally {
    connection.close();
  }
}

const login = (holder: Holder | undefined, guess: string) =>
  over(holder, (connection, headers) => connection.post("/login", { user, password: guess }, headers));
const me = (holder?: Holder) =>
  over(holder, (connection, headers) => connection.get("/me", { ...headers, cookie }));

async function inTurn<T>(tries: readonly T[], attempt: (each: T) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const each of tries) answers.push(await attempt(each));
  return answers;
}

const counterfeitServer = await counterfeit({ profile: "server", dns: ["localhost"] });
const middle = https.createServer(
  {
    ...counterfeitServer,
    cert: counterfeitServer.cert + own.rootCertificate,
    requestCert: true,
    rejectUnauthorized: false,
  },
  // Whoever takes this for the server has lost the password, and the page.
  (_request, response) => response.end("intercepted"),
);
middle.listen(0, "127.0.0.1");
await once(middle, "listening");
process.once("disconnect", () => process.exit());

async function attack(): Promise<Attacks> {
  const spoofed = await counterfeit({ profile: "user", name: "Alice", email: loot.email });
  return {
    "man-in-the-middle": [await me()],
    spoofing: [await login(spoofed, password), await login(loot.device, password)],
    "credential-stuffing": await inTurn(["123456", "password", password], (guess) => login(undefined, guess)),
    "brute-force": await inTurn(Array.from({ length: 50 }, String), (guess) => login(undefined, guess)),
    phishing: [await login(loot.colleague, password), await me(loot.colleague), await me(loot.copied)],
    "malicious-request": [
      await over(undefined, (connection) => connection.get("/users?name=%27%3B%20DROP%20TABLE%20users")),
    ],
  };
}

process.once("message", () => {
  void attack().then((attacks) => process.send!(attacks));
});
process.send!((middle.address() as AddressInfo).port);
