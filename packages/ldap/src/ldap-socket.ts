import type { Socket } from "node:net";
import { TokenBindingError } from "@tokbind/codec";
import {
  decode,
  decodeNumber,
  type Element,
  encode,
  encodeNumber,
  malformed,
  readHeader,
  tags,
} from "./ber.ts";

/** No message of a login is longer, in bytes. */
const maximumLength = 65_536;

/** LDAPMessage of RFC 4511 section 4.1.1, without controls. */
export interface LdapMessage {
  readonly id: number;
  readonly operation: Element;
}

/**
 * Messages over a socket that is handed on afterwards: what is not read stays in it, and it loses what was put on it by
 * {@link release}.
 */
export class LdapSocket {
  readonly #socket: Socket;
  readonly #timeout: number;
  readonly #deadline: NodeJS.Timeout;
  #failure: TokenBindingError | undefined;
  #wake: () => void = () => undefined;

  /** @param timeout milliseconds for all that follows */
  constructor(socket: Socket, timeout: number) {
    this.#socket = socket;
    this.#timeout = timeout;
    this.#deadline = setTimeout(this.#onDeadline, timeout);
    socket.on("readable", this.#onReadable).on("error", this.#onError).on("close", this.#onClose);
    if (socket.destroyed) this.#onClose();
  }

  send(id: number, operation: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#socket.write(encode(tags.sequence, encodeNumber(tags.integer, id), operation));
  }

  /**
   * The next message.
   *
   * @throws TokenBindingError `invalid_encoding`, `connection_lost`, `timed_out`
   */
  async receive(): Promise<LdapMessage> {
    let head = await this.#read(2);
    let header = readHeader(head);
    while (header === undefined) {
      head = Buffer.concat([head, await this.#read(1)]);
      header = readHeader(head);
    }
    if (header.tag !== tags.sequence || header.length === 0 || header.length > maximumLength) {
      throw malformed(`a SEQUENCE of 1 to ${maximumLength} bytes`);
    }
    const [id, operation] = decode(await this.#read(header.length));
    if (operation === undefined) throw malformed("a message with an operation");
    return { id: decodeNumber(id, tags.integer), operation };
  }

  /** Waits for other work that belongs to the login, until the time is up or the connection is gone. */
  async inTime<T>(work: Promise<T>): Promise<T> {
    const failed = new Promise<never>((_, reject) => {
      this.#wake = () => {
        if (this.#failure !== undefined) reject(this.#failure);
      };
      this.#wake();
    });
    return Promise.race([work, failed]);
  }

  release(): void {
    clearTimeout(this.#deadline);
    this.#socket.off("readable", this.#onReadable).off("error", this.#onError).off("close", this.#onClose);
  }

  async #read(length: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.#socket.read(length) as Buffer | null;
      if (bytes?.length === length) return bytes;
      if (this.#failure !== undefined) throw this.#failure;
      if (bytes !== null || this.#socket.readableEnded) throw lost();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  readonly #onReadable = () => {
    this.#wake();
  };

  readonly #onClose = () => {
    this.#fail(lost());
  };

  readonly #onError = (cause: Error) => {
    this.#fail(lost(cause));
  };

  readonly #onDeadline = () => {
    const message = `expected the login to be over within ${this.#timeout} ms, the other end keeps waiting`;
    this.#fail(new TokenBindingError("timed_out", message));
  };

  #fail(failure: TokenBindingError): void {
    this.#failure ??= failure;
    this.#wake();
  }
}

function lost(cause?: Error): TokenBindingError {
  const message = "expected an LDAP message, the other end closed the connection";
  return new TokenBindingError("connection_lost", message, { cause });
}
