import net, { type Socket } from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { encode, encodeNumber, tags } from "../../src/ber.ts";

/** What a directory of ours answers to a message; bytes go out as they are, undefined answers nothing. */
export type Answer = (id: number, count: number, request: Buffer, socket: Socket) => Uint8Array | undefined;

/** A directory that says what a test likes, for its length; returns the port. */
export async function directoryInTest(answer: Answer, { isPlain = false } = {}): Promise<number> {
  const serve = (socket: TLSSocket | Socket) => {
    onTestFinished(() => {
      socket.destroy();
    });
    let count = 0;
    socket
      .on("error", () => undefined)
      .on("data", (request: Buffer) => {
        // Requests of ours are short, or their length takes four bytes.
        const start = request[1]! < 0x80 ? 2 : 6;
        const bytes = answer(request[start + 2]!, count++, request, socket);
        if (bytes !== undefined && !socket.destroyed) socket.write(bytes);
      });
  };
  return listenInTest(isPlain ? net.createServer(serve) : tls.createServer(certificate, serve));
}

/** An LDAPMessage. */
export function message(id: number, operation: Uint8Array): Buffer {
  return encode(tags.sequence, encodeNumber(tags.integer, id), operation);
}

/** BindResponse or another result. */
export function result(
  id: number,
  resultCode: number,
  {
    text = "",
    credentials,
    tag = tags.bindResponse,
  }: { text?: string; credentials?: string | Uint8Array; tag?: number } = {},
): Buffer {
  const creds = credentials === undefined ? [] : [encode(tags.serverSaslCreds, credentials)];
  const parts = [
    encodeNumber(tags.enumerated, resultCode),
    encode(tags.octetString),
    encode(tags.octetString, text),
  ];
  return message(id, encode(tag, ...parts, ...creds));
}
