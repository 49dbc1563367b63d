import { once } from "node:events";
import tls from "node:tls";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { certificate, listen } from "@tokbind/testing";
import { median } from "./compare.ts";
import type { Result } from "./result.ts";

const connections = 600;
const warmUp = 200;

/** What the first `negotiatedTokenBinding` of a connection costs its server, in a connection that really came. */
export async function firstLookResults(): Promise<Result[]> {
  const microseconds: number[] = [];
  const bare: number[] = [];
  const server = withTokenBinding(() =>
    tls.createServer(certificate, (socket) => {
      const start = process.hrtime.bigint();
      const negotiated = negotiatedTokenBinding(socket);
      const end = process.hrtime.bigint();
      socket.exportKeyingMaterial(32, "EXPORTER-Token-Binding", undefined as never);
      bare.push(Number(process.hrtime.bigint() - end) / 1000);
      if (negotiated === undefined) throw new Error("nothing was negotiated");
      microseconds.push(Number(end - start) / 1000);
      socket.end();
    }),
  );
  const port = await listen(server);
  const secureContext = withTokenBinding(() => tls.createSecureContext());
  for (let i = 0; i < connections; i++) {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, secureContext });
    socket.resume();
    await once(socket, "close");
  }
  server.close();
  const counted = microseconds.slice(warmUp);
  const value = median(counted);
  const half = (rest: number) => median(counted.filter((_, i) => i % 2 === rest));
  const exporter = median(bare.slice(warmUp)).toPrecision(3);
  return [
    {
      name: "first negotiatedTokenBinding of a connection",
      ...{ value, unit: "µs", target: 60, better: "lower", noise: half(1) / half(0) },
      detail: `median of ${connections - warmUp} connections; a second call of the exporter alone ${exporter} µs`,
    },
  ];
}
