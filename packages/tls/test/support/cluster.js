// A server in two processes that share one port; prints what each of eight connections negotiated.
import cluster from "node:cluster";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as tls from "node:tls";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

const read = (name) => readFileSync(new URL(`../../../testing/certificate/${name}`, import.meta.url));
const credentials = { key: read("key.pem"), cert: read("cert.pem") };

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const [[{ port }]] = await Promise.all(
    workers.map((worker) => once(worker, "listening").then(([a]) => [a])),
  );
  const seen = new Set();
  for (let i = 0; i < 8; i++) {
    const socket = withTokenBinding(() =>
      tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: credentials.cert }),
    );
    await once(socket, "secureConnect");
    const [text] = await once(socket.setEncoding("utf8"), "data");
    const { keyParameters, ekm } = negotiatedTokenBinding(socket);
    const [pid, answer] = text.split(" ");
    if (answer !== `${keyParameters}:${Buffer.from(ekm).toString("hex")}`) process.exitCode = 1;
    seen.add(pid);
    socket.destroy();
  }
  console.log(`${seen.size} processes`);
  for (const worker of workers) worker.kill();
} else {
  const server = withTokenBinding(() =>
    tls.createServer(credentials, (socket) => {
      const { keyParameters, ekm } = negotiatedTokenBinding(socket);
      socket.on("error", () => undefined);
      socket.write(`${process.pid} ${keyParameters}:${Buffer.from(ekm).toString("hex")}`);
    }),
  );
  server.listen(0, "127.0.0.1");
}
