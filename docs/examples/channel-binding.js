// A login by password that holds for one TLS connection: both ends, on loopback.
//
//   node channel-binding.js CERTIFICATE KEY

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
// #region imports
import { randomBytes } from "node:crypto";
import tls from "node:tls";
import { createScramCredentials, ScramClient, ScramServer, scramServerError } from "@tokbind/channel-binding";
// #endregion

const [cert, key] = process.argv.slice(2).map((path) => readFileSync(path));

// One message in a line. LDAP, PostgreSQL, IMAP and others have their own ways.
/** @param {tls.TLSSocket} socket */
function messagesOver(socket) {
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const receive = async () => String((await lines.next()).value);
  const send = (/** @type {string} */ line) => socket.write(`${line}\n`);
  return { receive, send };
}

// #region server
const mechanism = "SCRAM-SHA-256-PLUS";
const secret = randomBytes(32); // the same on all servers of a service
const users = new Map([["alice", await createScramCredentials(mechanism, "alice-password")]]);

const server = tls.createServer({ cert, key }, async (socket) => {
  const { receive, send } = messagesOver(socket);
  const channelBinding = { socket };
  const credentials = (/** @type {string} */ username) => users.get(username);
  const scram = new ScramServer({ mechanism, channelBinding, credentials, secret });
  try {
    send(await scram.first(await receive()));
    const { serverFinal, username } = scram.final(await receive());
    send(serverFinal);
    console.log("logged in:", username);
  } catch (error) {
    send(scramServerError(error)); // "e=channel-bindings-dont-match" when something in between ends TLS
    socket.end();
  }
});
// #endregion

server.listen(0, "localhost");
await once(server, "listening");
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const socket = tls.connect({ host: "localhost", port, ca: cert });
await once(socket, "secureConnect");
const { receive, send } = messagesOver(socket);

// #region client
const scram = new ScramClient({
  mechanisms: [mechanism], // what the server offers
  username: "alice",
  password: "alice-password",
  channelBinding: { socket },
});
send(scram.first());
send(await scram.final(await receive()));
scram.verify(await receive()); // and the server knows the password too
// #endregion
socket.end();
server.close();
