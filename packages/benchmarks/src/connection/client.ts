// The client of connections.ts, in a process of its own: `node client.js PORT known|new|none CONNECTIONS PARALLEL`. Whenever
// it is asked, it makes so many connections, so many at a time, and sends one request over each: with a key that the
// server has seen, with one that it has not, or without a Token Binding. The answer has to say that it was so.

import { once } from "node:events";
import { text } from "node:stream/consumers";
import tls from "node:tls";
import { generateKey, type TokenBindingKey, tokenBindingHash } from "@tokbind/crypto";
import { makeBinding, message, provided } from "@tokbind/testing/messages";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

const [port, kind] = process.argv.slice(2);
const [connections, parallel] = process.argv.slice(4).map(Number) as [number, number];
const create = () => tls.createSecureContext();
const secureContext = kind === "none" ? create() : withTokenBinding(create);

async function request(key: TokenBindingKey | undefined, isKnown: boolean): Promise<void> {
  const socket = tls.connect({
    port: Number(port),
    host: "127.0.0.1",
    rejectUnauthorized: false,
    secureContext,
  });
  await once(socket, "secureConnect");
  const ekm = negotiatedTokenBinding(socket)?.ekm;
  if ((ekm === undefined) !== (key === undefined)) throw new Error("it was to be negotiated for keys only");
  const line =
    key && `Sec-Token-Binding: ${message(await makeBinding({ type: provided, key, ekm: ekm! }))}\r\n`;
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${line ?? ""}Connection: close\r\n\r\n`);
  const answer = await text(socket);
  const expected = key
    ? `${tokenBindingHash(key.id.bytes)} ${isKnown ? "known" : "new.."}`
    : `${"-".repeat(43)} none!`;
  if (!answer.endsWith(expected)) throw new Error(`the server answered ${answer}`);
}

const makeKeys = async (): Promise<(TokenBindingKey | undefined)[]> => {
  const keys: (TokenBindingKey | undefined)[] = [];
  for (let i = 0; i < connections; i++)
    keys.push(kind === "none" ? undefined : await generateKey("ecdsap256"));
  return keys;
};

const known = await makeKeys();
let isSeen = false;

async function run(): Promise<void> {
  // The server waits meanwhile, which takes no processor time.
  const keys = (kind === "new" ? await makeKeys() : known).values();
  const work = async () => {
    for (const key of keys) await request(key, isSeen);
  };
  await Promise.all(Array.from({ length: parallel }, work));
  isSeen = kind === "known";
}

process.on("message", () => {
  void run().then(() => process.send!("done"));
});
process.once("disconnect", () => process.exit());
process.send!("ready");
