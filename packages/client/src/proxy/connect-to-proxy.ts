import net, { isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import tls from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import type { ProxyTls } from "./proxy-options.ts";
import type { Proxy } from "./proxy-url.ts";

type Options = Partial<TcpNetConnectOpts & ProxyTls>;

/**
 * Connects to a proxy, and offers it no Token Binding.
 *
 * @throws TokenBindingError `proxy_failed`, and the reason of the signal
 */
export function connectToProxy(proxy: Proxy, options: Options, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect(proxy, options);
    const abort = () => {
      socket.destroy(signal.reason as Error);
    };
    const fail = (error: Error) => {
      reject(error === signal.reason ? error : failure(proxy, error));
    };
    signal.addEventListener("abort", abort);
    socket.setNoDelay(true).setKeepAlive(true, 60_000);
    // Kept attached, so that no error is unhandled.
    socket.on("error", fail);
    socket.once("close", () => {
      signal.removeEventListener("abort", abort);
      fail(new Error("a closed connection"));
    });
    socket.once(proxy.isHttps ? "secureConnect" : "connect", () => {
      signal.removeEventListener("abort", abort);
      resolve(socket);
    });
  });
}

function connect({ isHttps, host, port }: Proxy, options: Options): Socket {
  if (!isHttps) return net.connect({ ...options, host, port });
  const servername = isIP(host) === 0 ? host.replace(/\.$/, "") : "";
  return tls.connect({ servername, ...options, host, port, ALPNProtocols: ["http/1.1"] });
}

function failure(proxy: Proxy, cause: NodeJS.ErrnoException): TokenBindingError {
  // The message of an AggregateError, one error for each address, is empty.
  const got = cause.message || String(cause.code);
  return new TokenBindingError("proxy_failed", `proxy ${proxy.origin}: expected a connection, got ${got}`, {
    cause,
  });
}
