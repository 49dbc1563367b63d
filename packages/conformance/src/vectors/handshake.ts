import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { loopbackCertificate } from "../loopback-certificate.ts";
import type { NotAPromise } from "@tokbind/tls";
import type { Outcome } from "./outcome.ts";

/** What the cases of all handshakes say. */
export interface HandshakeInputs {
  readonly tlsVersion: "1.2" | "1.3";
  readonly extendedMasterSecret: boolean;
  readonly renegotiationIndication: boolean;
  /** Hexadecimal. */
  readonly offer: string | null;
}

/** Makes the context or socket of one end with what that end says in extension 24. */
export type Wrapper = <T>(create: () => NotAPromise<T>) => T;

export const plain: Wrapper = (create) => create();

/** One end of a connection after its handshake. */
export type End = tls.TLSSocket | { error: Error };

interface Ends {
  readonly client: Wrapper;
  readonly server: Wrapper;
  /** Which end lacks what the case says is lacking. */
  readonly without: "client" | "server";
}

const withoutExtendedMasterSecret = 1; // SSL_OP_NO_EXTENDED_MASTER_SECRET
const timeout = 10_000;

export const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

/** Why two ends on one machine cannot make a handshake. */
export function obstacle({ tlsVersion, renegotiationIndication }: HandshakeInputs): string | undefined {
  if (tlsVersion === "1.3" || renegotiationIndication) return undefined;
  return "OpenSSL always does Renegotiation Indication";
}

/** Makes one handshake over loopback; whoever calls it destroys the client's end. */
export async function handshake(
  { tlsVersion, extendedMasterSecret }: HandshakeInputs,
  { client, server, without }: Ends,
): Promise<{ client: End; server: End }> {
  const versions = { minVersion: `TLSv${tlsVersion}`, maxVersion: `TLSv${tlsVersion}` } as const;
  const optionsOf = (end: Ends["without"]) =>
    extendedMasterSecret || end !== without
      ? versions
      : { ...versions, secureOptions: withoutExtendedMasterSecret };
  const listener = server(() => tls.createServer({ ...loopbackCertificate, ...optionsOf("server") }));
  listener.listen(0, "127.0.0.1");
  try {
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const serverEnd = endOfServer(listener);
    const socket = client(() =>
      tls.connect({
        port,
        host: "127.0.0.1",
        servername: "localhost",
        ca: loopbackCertificate.cert,
        ...optionsOf("client"),
      }),
    );
    const [clientEnd, other] = await Promise.all([endOfClient(socket), serverEnd]);
    return { client: clientEnd, server: other };
  } finally {
    listener.close();
  }
}

function endOfServer(listener: tls.Server): Promise<End> {
  return new Promise((resolve) => {
    listener.once("secureConnection", (socket) => {
      socket.on("error", () => undefined).resume();
      resolve(socket);
    });
    listener.once("tlsClientError", (error: Error) => {
      resolve({ error });
    });
  });
}

function endOfClient(socket: tls.TLSSocket): Promise<End> {
  return new Promise((resolve) => {
    // Both ends know of it: the other one sees its connection close.
    socket.setTimeout(timeout, () => {
      socket.destroy(new Error(`the handshake was not over after ${timeout} ms`));
    });
    socket.once("secureConnect", () => {
      socket.setTimeout(0);
      resolve(socket);
    });
    socket.on("error", (error: Error) => {
      resolve({ error });
    });
  });
}

const alerts: Readonly<Record<string, string>> = { 50: "decode_error", 110: "unsupported_extension" };

/** The alert that the other end sent, out of OpenSSL's words. */
export function outcomeOfAlert(error: Error): Outcome {
  const number = /SSL alert number (\d+)/.exec(error.message)?.[1];
  if (number === undefined) return { failed: error.message.trim() };
  return { result: "invalid", alert: alerts[number] ?? `alert ${number}` };
}
