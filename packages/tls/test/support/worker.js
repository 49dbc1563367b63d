// A worker thread that is server and client at once, and client of the main thread; runs on the built package.
import { once } from "node:events";
import * as tls from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

const { key, cert, port } = workerData;

const server = withTokenBinding(() => tls.createServer({ key, cert }, (socket) => socket.resume()));
server.listen(0, "127.0.0.1");
await once(server, "listening");

async function negotiate(at, keyParameters) {
  const socket = withTokenBinding(
    () => tls.connect({ port: at, host: "127.0.0.1", servername: "localhost", ca: cert }),
    { keyParameters },
  );
  await once(socket, "secureConnect");
  const negotiated = negotiatedTokenBinding(socket);
  socket.destroy();
  return negotiated?.keyParameters;
}

for (let i = 0; i < 10; i++) {
  const own = await negotiate(server.address().port, ["rsa2048_pss"]);
  const main = await negotiate(port, ["ecdsap256"]);
  if (i === 9) parentPort.postMessage({ own, main });
}
server.close();
