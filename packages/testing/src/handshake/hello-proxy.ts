import net from "node:net";
import { onTestFinished } from "vitest";
import { listenInTest } from "../listen-in-test.ts";

/** ClientHello or ServerHello of RFC 5246 and RFC 8446, taken apart as far as the tests need it. */
export interface Hello {
  from: "client" | "server";
  /** Message type to session ID. */
  head: Buffer;
  /** Of a ClientHello; empty for a ServerHello. */
  cipherSuites: number[];
  /** What stands between the cipher suites and the extensions. */
  middle: Buffer;
  extensions: [type: number, body: Buffer][];
}

function parseHello(message: Buffer): Hello {
  const from = message[0] === 1 ? "client" : "server";
  let at = 4 + 2 + 32;
  at += 1 + message[at]!;
  const head = message.subarray(0, at);
  const cipherSuites: number[] = [];
  const afterHead = at;
  let middle: Buffer;
  if (from === "client") {
    const end = at + 2 + message.readUInt16BE(at);
    for (at += 2; at < end; at += 2) cipherSuites.push(message.readUInt16BE(at));
    middle = message.subarray(end, end + 1 + message[end]!);
    at = end + middle.length;
  } else {
    at += 3;
    middle = message.subarray(afterHead, at);
  }
  const extensions: Hello["extensions"] = [];
  for (at += 2; at < message.length; at += 4 + message.readUInt16BE(at + 2)) {
    const length = message.readUInt16BE(at + 2);
    extensions.push([message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length)]);
  }
  return { from, head, cipherSuites, middle, extensions };
}

const uint16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);

function encodeHello({ from, head, cipherSuites, middle, extensions }: Hello): Buffer {
  const body = Buffer.concat(extensions.flatMap(([type, data]) => [uint16(type), uint16(data.length), data]));
  const suites = Buffer.concat(cipherSuites.map(uint16));
  const message = Buffer.concat([
    head,
    ...(from === "client" ? [uint16(suites.length), suites] : []),
    ...[middle, uint16(body.length), body],
  ]);
  message.writeUIntBE(message.length - 4, 1, 3);
  return message;
}

/** What passed a proxy in the clear. */
export interface Tape {
  port: number;
  hellos: Hello[];
  /** Alert numbers. */
  alerts: { client: number[]; server: number[] };
}

/** The body of extension 24 in a hello, in hexadecimal. */
export const extension24 = (hello: Hello | undefined) =>
  hello?.extensions.find(([type]) => type === 24)?.[1].toString("hex");

/** A TCP proxy that records the hellos and plain alerts, and lets `edit` change a hello on its way. */
export async function helloProxy(target: number, edit?: (hello: Hello) => void): Promise<Tape> {
  const tape: Tape = { port: 0, hellos: [], alerts: { client: [], server: [] } };

  const passOn = (from: "client" | "server", source: net.Socket, sink: net.Socket) => {
    let pending = Buffer.alloc(0);
    source.on("data", (data: Buffer) => {
      pending = Buffer.concat([pending, data]);
      while (pending.length >= 5 && pending.length >= 5 + pending.readUInt16BE(3)) {
        const end = 5 + pending.readUInt16BE(3);
        sink.write(passRecord(from, pending.subarray(0, end)));
        pending = pending.subarray(end);
      }
    });
    source.on("close", () => sink.destroy()).on("error", () => undefined);
  };

  const passRecord = (from: "client" | "server", record: Buffer) => {
    const message = record.subarray(5);
    if (record[0] === 21 && message.length === 2) tape.alerts[from].push(message[1]!);
    const isHello = message[0] === (from === "client" ? 1 : 2);
    // The length tells a hello from an encrypted Finished of TLS 1.2 that happens to begin alike.
    if (record[0] !== 22 || !isHello || message.readUIntBE(1, 3) !== message.length - 4) return record;
    const hello = parseHello(message);
    edit?.(hello);
    tape.hellos.push(hello);
    const edited = encodeHello(hello);
    return Buffer.concat([record.subarray(0, 3), uint16(edited.length), edited]);
  };

  const server = net.createServer((client) => {
    const upstream = net.connect(target, "127.0.0.1");
    onTestFinished(() => {
      client.destroy();
      upstream.destroy();
    });
    passOn("client", client, upstream);
    passOn("server", upstream, client);
  });
  tape.port = await listenInTest(server);
  return tape;
}
