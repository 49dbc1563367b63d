// A worker thread that is server and client at once, and client of the main thread; runs on the built package.
import { once } from "node:events";
import tls from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { certificate, listen } from "@tokbind/testing";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

const { port } = workerData;

const server = withTokenBinding(() => tls.createServer(certificate, (socket) => socket.resume()));
const ownPort = await listen(server);

async function negotiate(at, keyParameters) {
  const socket = withTokenBinding(
    () => tls.connect({ port: at, host: "127.0.0.1", servername: "localhost", ca: certificate.cert }),
    { keyParameters },
  );
  await once(socket, "secureConnect");
  const negotiated = negotiatedTokenBinding(socket);
  socket.destroy();
  return negotiated?.keyParameters;
}

for (let i = 0; i < 10; i++) {
  const own = await negotiate(ownPort, ["rsa2048_pss"]);
  const main = await negotiate(port, ["ecdsap256"]);
  if (i === 9) parentPort.postMessage({ own, main });
}
server.close();
