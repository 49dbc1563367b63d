// The attackers of attackers.ts, in a process of their own: `node attackers.js PORT CONNECTIONS attack|honest`. Says when all
// are connected; told to go on, each connection sends one request a second; asked, it says how many were answered.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import tls, { type TLSSocket } from "node:tls";
import { encodeTokenBindingID, type TokenBinding } from "@tokbind/codec";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { keys, makeBinding, message, provided } from "@tokbind/testing/messages";

const [port, connections, kind] = process.argv.slice(2);
const secureContext = withTokenBinding(() => tls.createSecureContext(), {
  keyParameters: ["ecdsap256", "rsa2048_pss"],
});
const extensions = Array.from({ length: 3_700 }, () => ({
  extensionType: 9,
  extensionData: new Uint8Array(),
}));
let answered = 0;

/** A new 'key', which nobody has: any odd number of 2048 bits passes for a modulus. */
function badSignature(): TokenBinding {
  const modulus = randomBytes(256);
  modulus[0]! |= 0x80;
  modulus[255]! |= 1;
  const id = encodeTokenBindingID(1, { kind: "rsa", modulus, publicExponent: Uint8Array.of(1, 0, 1) });
  return { type: 1, id, signature: randomBytes(256), extensions: [] };
}

async function next(ekm: Uint8Array, good: TokenBinding, round: number): Promise<string> {
  if (kind === "honest") return message(good);
  if (round % 2 === 1) return message(good, badSignature());
  // Valid, different each time, and about as long as a header may be.
  const own = await makeBinding({ type: provided, key: keys.ec, ekm });
  return message(own, { ...own, type: 77, extensions });
}

async function attack(socket: TLSSocket): Promise<void> {
  const { ekm } = negotiatedTokenBinding(socket)!;
  const good = await makeBinding({ type: provided, key: keys.ec, ekm });
  for (let round = 0; ; round++) {
    const value = await next(ekm, good, round);
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nSec-Token-Binding: ${value}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    const status = kind === "attack" && round % 2 === 1 ? 400 : 200;
    if (!answer.toString().startsWith(`HTTP/1.1 ${status} `)) throw new Error(`got ${answer.toString()}`);
    answered++;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

const sockets: TLSSocket[] = [];
for (let i = 0; i < Number(connections); i++) {
  const socket = tls.connect({
    port: Number(port),
    host: "127.0.0.1",
    rejectUnauthorized: false,
    secureContext,
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  sockets.push(socket);
}
process.once("disconnect", () => process.exit());
process.send!("connected");
await once(process, "message");
// Spread over a second.
for (const [i, socket] of sockets.entries()) {
  setTimeout(() => void attack(socket), (i * 1000) / sockets.length);
}
process.on("message", () => {
  process.send!(answered);
});
