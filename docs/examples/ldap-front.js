// An LDAPS server that nobody enters but by a bind that holds for this connection. It knows "Who am I?" (RFC 4532) only:
// what a directory of your own does goes there.
//
//   node ldap-front.js CERTIFICATE KEY [PORT]
//   LDAPSASL_CBINDING=tls-endpoint ldapwhoami -H ldaps://localhost:6360 -Y SCRAM-SHA-256-PLUS -U alice -w alice-password

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
// #region front
import tls from "node:tls";
import { acceptScramBind, createScramCredentials, TokenBindingError } from "@tokbind/ldap";

const [cert, key] = process.argv.slice(2, 4).map((path) => readFileSync(path));
const secret = randomBytes(32); // the same on all servers of a service
const users = new Map([["alice", await createScramCredentials("SCRAM-SHA-256", "alice-password")]]);

const server = tls.createServer({ cert, key }, async (socket) => {
  try {
    const { username } = await acceptScramBind(socket, {
      credentials: (username) => users.get(username),
      secret,
      dialect: "openldap", // OpenLDAP's clients too
    });
    console.log("bound:", username);
    serve(socket, username);
  } catch (error) {
    const reason = error instanceof TokenBindingError ? error.code : error;
    console.log("refused:", reason); // the client has been told, and the socket is closed
  }
});
// #endregion

// An LDAPMessage here is SEQUENCE { messageID, operation }, both short.
/** @param {number} tag @param {Buffer[]} parts */
const element = (tag, ...parts) => {
  const value = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag, value.length), value]);
};

/** @param {tls.TLSSocket} socket @param {string} username */
function serve(socket, username) {
  socket.on("error", () => socket.destroy());
  socket.on("data", (/** @type {Buffer} */ request) => {
    const messageId = request.subarray(2, 4 + request[3]);
    const isWhoAmI = request.includes("1.3.6.1.4.1.4203.1.11.3");
    const result = Buffer.of(0x0a, 1, isWhoAmI ? 0 : 53, 4, 0, 4, 0); // success, or unwillingToPerform
    const authzId = isWhoAmI ? element(0x8b, Buffer.from(`u:${username}`)) : Buffer.alloc(0);
    const isUnbind = request.includes(Buffer.of(0x42, 0));
    if (isUnbind) socket.end();
    else socket.write(element(0x30, messageId, element(0x78, result, authzId)));
  });
}

server.listen(Number(process.argv[4] ?? 6360), "localhost", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  console.log(`port: ${port}`);
});
