import { once } from "node:events";
import net from "node:net";
import tls, { type ConnectionOptions, type TLSSocket } from "node:tls";
import type { ScramClient } from "../../src/index.ts";

/** Starts TLS with PostgreSQL. */
export async function connectPostgres(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const raw = net.connect(port, "127.0.0.1");
  await once(raw, "connect");
  raw.write(Buffer.from("0000000804d2162f", "hex")); // SSLRequest
  const [answer] = (await once(raw, "data")) as [Buffer];
  if (answer.toString() !== "S") throw new Error("PostgreSQL has no TLS");
  const socket = tls.connect({
    socket: raw,
    rejectUnauthorized: false,
    ciphers: "ALL:@SECLEVEL=0",
    ...options,
  });
  await once(socket, "secureConnect");
  return socket;
}

/**
 * Logs in as alice with the mechanism of a SCRAM client, under another mechanism's name if told so. Returns what the
 * server offers; throws what it says.
 */
export async function loginToPostgres(
  socket: TLSSocket,
  makeClient: (mechanisms: string[]) => ScramClient,
  name?: string,
): Promise<string[]> {
  let buffered = Buffer.alloc(0);
  const receive = async () => {
    while (buffered.length < 5 || buffered.length < 1 + buffered.readUInt32BE(1)) {
      buffered = Buffer.concat([buffered, ((await once(socket, "data")) as [Buffer])[0]]);
    }
    const message = buffered.subarray(0, 1 + buffered.readUInt32BE(1));
    buffered = buffered.subarray(message.length);
    if (message[0] === "E".charCodeAt(0)) throw new Error(/\0M([^\0]+)/.exec(message.toString())![1]);
    return message.subarray(5);
  };
  const send = (type: string, body: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length + 4);
    socket.write(Buffer.concat([Buffer.from(type), length, body]));
  };
  try {
    send("", Buffer.from("\0\x03\0\0user\0alice\0database\0postgres\0\0", "latin1"));
    const offered = (await receive()).subarray(4).toString().split("\0").filter(Boolean);
    const client = makeClient(offered);
    const first = Buffer.from(client.first());
    const length = Buffer.alloc(4);
    length.writeUInt32BE(first.length);
    send("p", Buffer.concat([Buffer.from(`${name ?? client.mechanism}\0`), length, first]));
    send("p", Buffer.from(await client.final((await receive()).subarray(4).toString())));
    client.verify((await receive()).subarray(4).toString());
    if ((await receive()).readUInt32BE(0) !== 0) throw new Error("PostgreSQL did not say AuthenticationOk");
    return offered;
  } finally {
    socket.destroy();
  }
}
