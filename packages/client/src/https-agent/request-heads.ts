import type { ClientRequest } from "node:http";
import type { TLSSocket } from "node:tls";
import { secTokenBinding, TokenBindingError } from "@tokbind/codec";

type Chunk = Parameters<NonNullable<TLSSocket["_writev"]>>[0][number];
type Callback = Parameters<TLSSocket["_write"]>[2];

/** A request that has not written anything yet. */
export interface Coming {
  readonly request: ClientRequest;
  /** The value of its Sec-Token-Binding; undefined: none. */
  readonly value: Promise<string | undefined>;
  /** Called when the request is about to be written. What it throws fails the request. */
  readonly onStart: (value: string | undefined) => void;
}

const forbidden = new RegExp(`\r\n${secTokenBinding}:`, "i");

/**
 * Adds Sec-Token-Binding to the requests of one socket as they are written to it, and so to nothing that an application or
 * a library could copy to another connection: not to the ClientRequest. What a request writes waits here until its value is
 * known, inside the socket's own buffer: the request has its socket all the while, with all of its timeouts.
 */
export class RequestHeads {
  readonly #socket: TLSSocket;
  #coming: Coming | undefined;

  /** @param socket - one to which nothing has been written */
  constructor(socket: TLSSocket) {
    this.#socket = socket;
    const write = socket._write.bind(socket);
    const writev = socket._writev!.bind(socket);
    socket._write = (chunk: unknown, encoding, callback) => {
      if (this.#coming === undefined || (chunk as string | Buffer).length === 0) {
        write(chunk, encoding, callback);
        return;
      }
      this.#complete(chunk, callback, (whole) => {
        write(whole, encoding, callback);
      });
    };
    socket._writev = (chunks, callback) => {
      const [first, ...others] = chunks as [Chunk, ...Chunk[]];
      if (this.#coming === undefined || (first.chunk as string | Buffer).length === 0) {
        writev(chunks, callback);
        return;
      }
      this.#complete(first.chunk, callback, (whole) => {
        writev([{ ...first, chunk: whole }, ...others], callback);
      });
    };
  }

  /** The next bytes that are written are those of this request, from its first one on. */
  expect(coming: Coming): void {
    this.#coming = coming;
    // A request may be long in writing its first byte.
    coming.value.catch((error: unknown) => this.#socket.destroy(error as Error));
  }

  #complete(chunk: unknown, callback: Callback, write: (whole: string) => void): void {
    const { request, value, onStart } = this.#coming!;
    this.#coming = undefined;
    value.then(
      (known) => {
        let whole: string;
        try {
          if (this.#socket.destroyed) throw lost();
          whole = withField(chunk, request.method, known);
          onStart(known);
        } catch (error) {
          callback(error as Error);
          return;
        }
        write(whole);
      },
      (error: unknown) => {
        callback(error as Error);
      },
    );
  }
}

function lost(): TokenBindingError {
  return new TokenBindingError("connection_lost", "connection: closed before the request was written");
}

/**
 * The first chunk of a request, with the field at the end of its header section.
 *
 * @throws TokenBindingError `invalid_argument` for a Sec-Token-Binding of the application's own: only the agent knows the
 *   connection (RFC 8473 section 7.2)
 */
function withField(chunk: unknown, method: string, value: string | undefined): string {
  const end = typeof chunk === "string" && chunk.startsWith(`${method} `) ? chunk.indexOf("\r\n\r\n") : -1;
  if (end === -1) {
    throw new TokenBindingError(
      "unsupported_runtime",
      "TokenBindingHttpsAgent: expected node:http to write the header section of a request first, got something else",
    );
  }
  const text = chunk as string;
  if (forbidden.test(text.slice(0, end))) {
    throw new TokenBindingError(
      "invalid_argument",
      `headers: expected no ${secTokenBinding}, got one; the agent adds it itself`,
    );
  }
  if (value === undefined) return text;
  return `${text.slice(0, end)}\r\n${secTokenBinding}: ${value}${text.slice(end)}`;
}
