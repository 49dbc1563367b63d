import { isIP, type Socket } from "node:net";
import { TokenBindingError } from "@tokbind/codec";
import type { Target } from "./forward-proxy.ts";
import type { Proxy } from "./proxy-url.ts";
import { readConnectAnswer } from "./read-connect-answer.ts";

/**
 * Opens a tunnel by CONNECT (RFC 9110 section 9.3.6), whose request carries no Sec-Token-Binding: that belongs to the TLS
 * connection inside the tunnel (A-30).
 *
 * @param socket - a connection to the proxy
 * @returns the same, with nothing in it
 * @throws TokenBindingError `proxy_failed`, and the reason of the signal
 */
export function openTunnel(
  socket: Socket,
  proxy: Proxy,
  target: Target,
  signal: AbortSignal,
): Promise<Socket> {
  const authority = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`;
  return new Promise((resolve, reject) => {
    const finish = () => {
      signal.removeEventListener("abort", abort);
      socket.off("data", read).off("error", failed).off("end", closed).off("close", closed).pause();
    };
    const refuse = (error: Error) => {
      finish();
      socket.destroy();
      reject(error);
    };
    const fail = (got: string, cause?: Error) => {
      const message = `proxy ${proxy.origin}: expected a tunnel to ${authority}, got ${got}`;
      refuse(new TokenBindingError("proxy_failed", message, cause && { cause }));
    };
    const abort = () => {
      refuse(signal.reason as Error);
    };
    const failed = (error: Error) => {
      fail(error.message, error);
    };
    const closed = () => {
      fail("a closed connection");
    };
    const answer = readConnectAnswer(proxy.authorization !== undefined);
    const read = (chunk: Buffer) => {
      const result = answer(chunk);
      if (result === "unfinished") return;
      if (result !== "open") {
        fail(result.refused);
        return;
      }
      finish();
      resolve(socket);
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort);
    socket.on("data", read).on("error", failed).on("end", closed).on("close", closed);
    const fields = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
    if (proxy.authorization !== undefined) fields.push(`Proxy-Authorization: ${proxy.authorization}`);
    socket.write([...fields, "", ""].join("\r\n"), "latin1");
  });
}
