import type { Connected } from "./connect-origin.ts";
import type { HttpOptions } from "./http-options.ts";
import type { PendingRequest } from "./pending-request.ts";
import { SocketClient } from "./socket-client.ts";

/**
 * A connection to a proxy for one CONNECT request. It carries no Sec-Token-Binding: the proxy is not the server that
 * the key is for, and what goes through the tunnel is a TLS connection of its own.
 */
export class Tunnel {
  readonly #client: SocketClient;

  constructor(
    origin: URL,
    { socket }: Connected,
    options: HttpOptions,
    onClose: (error: Error | undefined) => void,
  ) {
    this.#client = new SocketClient(origin, socket, options, { onClose });
  }

  request({ options, handler }: PendingRequest): void {
    this.#client.dispatch(options, handler);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async destroy(error: Error): Promise<void> {
    await this.#client.destroy(error);
  }
}
