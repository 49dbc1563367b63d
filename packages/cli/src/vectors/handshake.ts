import { once } from "node:events";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import { decodeTokenBindingParameters, type KeyParameters, keyParametersName } from "@tokbind/codec";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { receivedExtension, withRawExtension } from "@tokbind/tls/raw";
import type { Certificate } from "../throwaway-certificate.ts";
import type { Outcome } from "./outcome.ts";

interface HandshakeCase {
  readonly tlsVersion: "1.2" | "1.3";
  readonly extendedMasterSecret: boolean;
  readonly renegotiationIndication: boolean;
  /** Extension bodies in hexadecimal. */
  readonly offer: string | null;
}

/** Group "negotiation-offer". */
export interface OfferCase extends HandshakeCase {
  readonly serverKeyParameters: readonly KeyParameters[];
}

/** Group "negotiation-answer". */
export interface AnswerCase extends HandshakeCase {
  readonly answer: string | null;
}

type Wrapper = <T>(create: () => T) => T;

const plain: Wrapper = (create) => create();
const withoutExtendedMasterSecret = 1; // SSL_OP_NO_EXTENDED_MASTER_SECRET
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

/** Sends the offer to a server of ours, in a handshake over loopback. */
export async function offer(test: OfferCase, certificate: Certificate): Promise<Outcome> {
  const reason = cannot(test);
  if (reason !== undefined) return { skipped: reason };
  const { offer, serverKeyParameters: keyParameters } = test;
  const client: Wrapper =
    offer === null ? plain : (create) => withRawExtension(create, { offer: bytes(offer) });
  const server: Wrapper = (create) => withTokenBinding(create, { keyParameters });
  const ends = await handshake(certificate, test, { client, server, without: "client" });
  if ("error" in ends.client) return alertOf(ends.client.error);
  const answer = receivedExtension(ends.client);
  const negotiated = "error" in ends.server ? undefined : negotiatedTokenBinding(ends.server);
  const expected = {
    answer: answer === undefined ? null : Buffer.from(answer).toString("hex"),
    keyParameters: negotiated?.keyParameters ?? null,
  };
  ends.client.destroy();
  return { result: "valid", expected };
}

/** Answers a client of ours so. */
export async function answer(test: AnswerCase, certificate: Certificate): Promise<Outcome> {
  const reason = cannot(test);
  if (reason !== undefined) return { skipped: reason };
  const { offer, answer } = test;
  if (offer === null) return { skipped: "a server here cannot answer what was not offered" };
  const { keyParametersList } = decodeTokenBindingParameters(bytes(offer));
  const keyParameters = keyParametersList.map((code) => keyParametersName(code)!);
  const client: Wrapper = (create) => withTokenBinding(create, { keyParameters });
  const server: Wrapper =
    answer === null ? plain : (create) => withRawExtension(create, { answer: bytes(answer) });
  const ends = await handshake(certificate, test, { client, server, without: "server" });
  if ("error" in ends.server) return alertOf(ends.server.error);
  if ("error" in ends.client) throw ends.client.error;
  const negotiated = negotiatedTokenBinding(ends.client);
  ends.client.destroy();
  return { result: "valid", expected: { keyParameters: negotiated?.keyParameters ?? null } };
}

function cannot({ tlsVersion, renegotiationIndication }: HandshakeCase): string | undefined {
  if (tlsVersion === "1.3" || renegotiationIndication) return undefined;
  return "OpenSSL always does Renegotiation Indication";
}

type End = tls.TLSSocket | { error: Error };

interface Ends {
  readonly client: Wrapper;
  readonly server: Wrapper;
  /** Which end lacks what the case says is lacking. */
  readonly without: "client" | "server";
}

async function handshake(
  certificate: Certificate,
  { tlsVersion, extendedMasterSecret }: HandshakeCase,
  { client, server, without }: Ends,
): Promise<{ client: End; server: End }> {
  const versions = { minVersion: `TLSv${tlsVersion}`, maxVersion: `TLSv${tlsVersion}` } as const;
  const optionsOf = (end: Ends["without"]) =>
    extendedMasterSecret || end !== without
      ? versions
      : { ...versions, secureOptions: withoutExtendedMasterSecret };
  const listener = server(() => tls.createServer({ ...certificate, ...optionsOf("server") }));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const serverEnd = new Promise<End>((resolve) => {
    listener.once("secureConnection", (socket) => {
      socket.on("error", () => undefined).resume();
      resolve(socket);
    });
    listener.once("tlsClientError", (error: Error) => {
      resolve({ error });
    });
  });
  const socket = client(() =>
    tls.connect({
      port,
      host: "127.0.0.1",
      servername: "localhost",
      ca: certificate.cert,
      ...optionsOf("client"),
    }),
  );
  const clientEnd = new Promise<End>((resolve) => {
    socket.once("secureConnect", () => {
      resolve(socket);
    });
    socket.on("error", (error: Error) => {
      resolve({ error });
    });
  });
  const ends = await Promise.all([clientEnd, serverEnd]);
  listener.close();
  return { client: ends[0], server: ends[1] };
}

const alerts: Readonly<Record<string, string>> = { 50: "decode_error", 110: "unsupported_extension" };

/** The alert that the other end sent, out of OpenSSL's words. */
function alertOf(error: Error): Outcome {
  const number = /SSL alert number (\d+)/.exec(error.message)?.[1];
  if (number === undefined) throw error;
  return { result: "invalid", alert: alerts[number] ?? `alert ${number}` };
}
