import { base64url, type Bytes, concat, fill, vector16 } from "../make/bytes.ts";
import { ecJwk } from "../make/ec.ts";
import { Group, type Json } from "../group.ts";
import { ec, otherEc, otherRsa, rsa, tokenBindingId } from "../make/keys.ts";
import { type Binding, ecBinding, messageBytes } from "../make/message-builder.ts";
import { messageNotes } from "./message-notes.ts";
import { rsaJwk } from "../make/rsa.ts";

export const none = new Uint8Array();
export const provided = ecBinding(ec);
export const whole = messageBytes(provided);

/** A TB_Extension. */
export const extension = (type: number, data: Bytes) => concat(type, vector16(data));

/** A binding of unassigned key parameters, `length` bytes long in all. */
export function opaque(length: number, type = 0): Binding {
  const id = tokenBindingId(99, fill(length - 72, 0xa5));
  return { type, id, signature: fill(64, 0x5a) };
}

export type ListedExtension = readonly [type: number, data: Bytes];

interface MessageOptions {
  readonly name?: string;
  readonly limits?: { readonly maxTokenBindings?: number; readonly maxMessageLength?: number };
}

/** The file of the group "message": messages that decode, and messages that do not. */
export class MessageGroup extends Group {
  constructor() {
    super(1001, {
      group: "message",
      header:
        "Decoding of TokenBindingMessage (RFC 8471 section 3). Nothing is verified here: a message is valid when all its lengths close.",
      notes: messageNotes,
      keys: { ec: ecJwk(ec), otherEc: ecJwk(otherEc), rsa: rsaJwk(rsa), otherRsa: rsaJwk(otherRsa) },
    });
  }

  /** `extensions` are those of the first binding. */
  decodes(
    comment: string,
    flags: string,
    requirements: string,
    bindings: readonly Binding[],
    options: MessageOptions & { extensions?: readonly ListedExtension[] } = {},
  ): void {
    const { extensions = [], name, limits } = options;
    const decoded = bindings.map((binding, i): Json => ({
      type: binding.type,
      id: base64url(binding.id),
      signature: base64url(binding.signature),
      extensions: i > 0 ? [] : extensions.map(([type, data]) => ({ type, data: base64url(data) })),
    }));
    this.valid(
      { ...(name === undefined ? {} : { name }), comment, flags, requirements },
      { message: base64url(messageBytes(...bindings)), ...(limits ? { limits } : {}) },
      { bindings: decoded },
    );
  }

  breaks(
    code: string,
    comment: string,
    flags: string,
    requirements: string,
    bytes: Bytes,
    { name, limits }: MessageOptions = {},
  ): void {
    const about = { ...(name === undefined ? {} : { name }), comment, flags, requirements };
    this.invalid(about, { message: base64url(bytes), ...(limits ? { limits } : {}) }, { code });
  }
}
