// A server in two processes that share one port; prints what each of eight connections negotiated.
import cluster from "node:cluster";
import { once } from "node:events";
import tls from "node:tls";
import { certificate, listen } from "@tokbind/testing";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const [[{ port }]] = await Promise.all(
    workers.map((worker) => once(worker, "listening").then(([a]) => [a])),
  );
  const seen = new Set();
  for (let i = 0; i < 8; i++) {
    const socket = withTokenBinding(() =>
      tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: certificate.cert }),
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
    tls.createServer(certificate, (socket) => {
      const { keyParameters, ekm } = negotiatedTokenBinding(socket);
      socket.on("error", () => undefined);
      socket.write(`${process.pid} ${keyParameters}:${Buffer.from(ekm).toString("hex")}`);
    }),
  );
  await listen(server);
}
