// The client of idle-memory.ts, in a process of its own: `node idle.js PORT none|negotiated|verified CONNECTIONS`. Opens
// a tenth more connections than it is asked about, which fill what a server allocates once; then, when it is asked, all the
// others. Over each it sends one request, and leaves it open.

import { once } from "node:events";
import tls, { type TLSSocket } from "node:tls";
import { tokenBindingHash } from "@tokbind/crypto";
import { keys, makeBinding, message, provided } from "@tokbind/testing/messages";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

const [port, kind, connections] = process.argv.slice(2);
const create = () => tls.createSecureContext();
const secureContext = kind === "none" ? create() : withTokenBinding(create);

async function connect(): Promise<TLSSocket> {
  const options = { port: Number(port), host: "127.0.0.1", rejectUnauthorized: false, secureContext };
  const socket = tls.connect(options);
  await once(socket, "secureConnect");
  const ekm = negotiatedTokenBinding(socket)?.ekm;
  if ((ekm === undefined) !== (kind === "none")) throw new Error(`${kind}: the negotiation went wrong`);
  const value = message(await makeBinding({ type: provided, key: keys.ec, ekm: ekm ?? new Uint8Array(32) }));
  // As many bytes from each kind.
  const name = kind === "verified" ? "Sec-Token-Binding" : "Not-Token-Binding";
  const expected = kind === "verified" ? tokenBindingHash(keys.ec.id.bytes) : "none!";
  socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${name}: ${value}\r\n\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (!answer.includes(expected)) throw new Error(`the server answered ${answer.toString()}`);
  return socket;
}

const open: TLSSocket[] = [];
async function openUpTo(count: number): Promise<void> {
  while (open.length < count) open.push(await connect());
}
await openUpTo(Number(connections) / 10);

process.on("message", () => {
  void openUpTo(1.1 * Number(connections)).then(() => {
    if (open.some(({ destroyed }) => destroyed)) throw new Error("a connection was closed");
    process.send!("idle");
  });
});
process.once("disconnect", () => process.exit());
process.send!("ready");
