import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { described, type OptionRule } from "@tokbind/codec/options";
import { LdapConnection } from "./ldap-connection.ts";
import { LdapSocket } from "./ldap-socket.ts";

/** Milliseconds. */
const defaultTimeout = 30_000;

export const isTimeout: OptionRule = {
  expected: "milliseconds, 1 to 2147483647",
  test: (value) => Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 2 ** 31 - 1,
};

/**
 * Does work over a socket and leaves the socket as it was. When the work fails, the connection is of no use to anybody any
 * more, and is closed.
 */
export async function withSocket<T>(
  socket: Socket,
  timeout: number | undefined,
  work: (socket: LdapSocket) => Promise<T>,
  close: (socket: Socket) => void = (socket) => socket.destroy(),
): Promise<T> {
  const messages = new LdapSocket(socket, timeout ?? defaultTimeout);
  try {
    return await work(messages);
  } catch (error) {
    // What comes out of it from now on is nobody's concern.
    close(socket.on("error", () => undefined));
    throw error;
  } finally {
    messages.release();
  }
}

/** The same, as a client. */
export function withConnection<T>(
  socket: Socket,
  timeout: number | undefined,
  work: (connection: LdapConnection) => Promise<T>,
): Promise<T> {
  return withSocket(socket, timeout, (messages) => work(new LdapConnection(messages)));
}

/** @throws TokenBindingError `no_tls_connection` */
export function requireTls(socket: unknown): void {
  if (socket instanceof TLSSocket) return;
  throw new TokenBindingError("no_tls_connection", `expected a TLSSocket, got ${described(socket)}`);
}
