// A connection of TLS 1.2 that Node traces, to standard error; then a renegotiation of one that negotiated nothing.
import { once } from "node:events";
import tls from "node:tls";
import { certificate, listen } from "@tokbind/testing";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

async function trace(wrapServer, use) {
  const server = wrapServer(() => tls.createServer(certificate, (socket) => socket.resume()));
  const options = {
    port: await listen(server),
    host: "127.0.0.1",
    servername: "localhost",
    ca: certificate.cert,
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
