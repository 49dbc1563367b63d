import { TokenBindingError } from "@tokbind/codec";
import { decode, type Element, encode, encodeNumber, malformed, tags, valueOf } from "./ber.ts";
import { type LdapResult, readResult } from "./ldap-result.ts";
import type { LdapSocket } from "./ldap-socket.ts";

/** Entries and references that a search of one entry may bring. */
const maximumAnswers = 16;

/** A client's end: one request after the other. */
export class LdapConnection {
  readonly #socket: LdapSocket;
  #lastId = 0;

  constructor(socket: LdapSocket) {
    this.#socket = socket;
  }

  /** See {@link LdapSocket.inTime}. */
  inTime<T>(work: Promise<T>): Promise<T> {
    return this.#socket.inTime(work);
  }

  /** The next step of a SASL bind (RFC 4511 section 4.2). */
  async bind(mechanism: string, credentials: Uint8Array | string): Promise<LdapResult> {
    const sasl = encode(
      tags.sasl,
      encode(tags.octetString, mechanism),
      encode(tags.octetString, credentials),
    );
    const version = encodeNumber(tags.integer, 3);
    const request = encode(tags.bindRequest, version, encode(tags.octetString), sasl);
    return readResult(await this.#request(request, tags.bindResponse));
  }

  async extended(name: string): Promise<LdapResult> {
    const request = encode(tags.extendedRequest, encode(tags.requestName, name));
    return readResult(await this.#request(request, tags.extendedResponse));
  }

  /** The values of an attribute of the root DSE (RFC 4512 section 5.1), none when it is not shown. */
  async rootDse(attribute: string): Promise<string[]> {
    const request = encode(
      tags.searchRequest,
      encode(tags.octetString),
      encodeNumber(tags.enumerated, 0), // baseObject
      encodeNumber(tags.enumerated, 0), // neverDerefAliases
      encodeNumber(tags.integer, 1),
      encodeNumber(tags.integer, 0),
      encode(tags.boolean, Buffer.of(0)),
      encode(tags.present, "objectClass"),
      encode(tags.sequence, encode(tags.octetString, attribute)),
    );
    const id = this.#send(request);
    let values: string[] = [];
    for (let count = 0; count < maximumAnswers; count++) {
      const { tag, value } = await this.#receive(id);
      if (tag === tags.searchResultDone) return values;
      if (tag === tags.searchResultEntry) values = valuesOf(value, attribute);
      else valueOf({ tag, value }, tags.searchResultReference);
    }
    throw malformed("the end of a search of the root DSE");
  }

  async #request(operation: Buffer, expected: number): Promise<Buffer> {
    return valueOf(await this.#receive(this.#send(operation)), expected);
  }

  #send(operation: Buffer): number {
    this.#socket.send(++this.#lastId, operation);
    return this.#lastId;
  }

  async #receive(id: number): Promise<Element> {
    const message = await this.#socket.receive();
    if (message.id === 0) throw disconnection(message.operation);
    if (message.id !== id) throw malformed(`an answer to message ${id}`);
    return message.operation;
  }
}

function valuesOf(entry: Buffer, attribute: string): string[] {
  for (const one of decode(valueOf(decode(entry)[1], tags.sequence))) {
    const [name, values] = decode(valueOf(one, tags.sequence));
    if (valueOf(name, tags.octetString).toString().toLowerCase() !== attribute.toLowerCase()) continue;
    return decode(valueOf(values, tags.set)).map((value) => valueOf(value, tags.octetString).toString());
  }
  return [];
}

/** Notice of Disconnection (RFC 4511 section 4.4.1), the one message that answers nothing. */
function disconnection(operation: Element): TokenBindingError {
  const { resultCode, message } = readResult(valueOf(operation, tags.extendedResponse));
  return new TokenBindingError(
    "connection_lost",
    `expected an answer, the directory ends the connection: result ${resultCode} ${message}`.trim(),
  );
}
