// A connection of TLS 1.2 that Node traces, to standard error; then a renegotiation of one that negotiated nothing.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as tls from "node:tls";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

const read = (name) => readFileSync(new URL(`../../../testing/certificate/${name}`, import.meta.url));
const credentials = { key: read("key.pem"), cert: read("cert.pem") };

async function trace(wrapServer, use) {
  const server = wrapServer(() => tls.createServer(credentials, (socket) => socket.resume()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const options = {
    port: server.address().port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: credentials.cert,
  };
  const socket = withTokenBinding(() =>
    tls.connect({ ...options, maxVersion: "TLSv1.2", enableTrace: true }),
  );
  await once(socket, "secureConnect");
  await use(socket);
  socket.destroy();
  server.close();
}

if (process.argv[2] === "renegotiate") {
  await trace(
    (create) => create(),
    (socket) => new Promise((done) => socket.renegotiate({}, done)),
  );
} else {
  await trace(
    (create) => withTokenBinding(create),
    (socket) => console.log(negotiatedTokenBinding(socket).keyParameters),
  );
}
