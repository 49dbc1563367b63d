import { hex } from "../make/bytes.ts";
import { type About, Group, type Head } from "../group.ts";
import { ekm, type KeyParameters } from "../make/keys.ts";
import { type Binding, established, message } from "../make/message-builder.ts";
import { pick } from "./verification-notes.ts";

/** How a verification case differs from the ordinary. */
export interface VerificationOptions {
  readonly name?: string;
  readonly ekm?: Uint8Array;
  readonly negotiated?: KeyParameters;
  /** Verify bindings of unknown type as well. */
  readonly verifyUnknownTypes?: boolean;
  /** The message itself, when its bindings do not make it up. */
  readonly message?: string;
}

/** A file of the group "verification": messages verified against a connection. */
export class VerificationGroup extends Group {
  readonly #negotiated: KeyParameters;

  constructor(first: number, negotiated: KeyParameters, head: Omit<Head, "group">) {
    super(first, { ...head, group: "verification" });
    this.#negotiated = negotiated;
  }

  /** A message that establishes its first provided and referred binding; bindings of other types are others. */
  accept(
    comment: string,
    flags: string,
    requirements: string,
    bindings: readonly Binding[],
    options: VerificationOptions = {},
  ): void {
    const providedBinding = bindings.find(({ type }) => type === 0)!;
    const referredBinding = bindings.find(({ type }) => type === 1);
    const others = bindings.filter(({ type }) => type > 1);
    const expected = established(providedBinding, referredBinding, others);
    this.valid(about(comment, flags, requirements, options), this.#inputs(bindings, options), expected);
  }

  refuse(
    code: string,
    comment: string,
    flags: string,
    requirements: string,
    bindings: readonly Binding[],
    options: VerificationOptions = {},
  ): void {
    this.invalid(about(comment, flags, requirements, options), this.#inputs(bindings, options), { code });
  }

  #inputs(bindings: readonly Binding[], options: VerificationOptions) {
    return {
      ekm: hex(options.ekm ?? ekm),
      negotiated: options.negotiated ?? this.#negotiated,
      ...(options.verifyUnknownTypes ? { verifyUnknownTypes: true } : {}),
      message: options.message ?? message(...bindings),
    };
  }
}

function about(comment: string, flags: string, requirements: string, { name }: VerificationOptions): About {
  return { ...(name === undefined ? {} : { name }), comment, flags, requirements };
}

/** Flags of the files of every kind of key. */
const flagsOfAllKeys = [
  "Ordinary",
  "WrongEkm",
  "WrongType",
  "WrongParameters",
  "WrongSignedData",
  "WrongHash",
  "WrongKey",
  "NotNegotiated",
  "ModifiedSignature",
  "SignatureSize",
  "SignatureEncoding",
  "SignatureRange",
];

/** A file of messages with one provided binding of these key parameters, still without cases. */
export function oneBindingGroup(
  first: number,
  keyParameters: KeyParameters,
  keys: Head["keys"],
  ...furtherFlags: readonly string[]
): VerificationGroup {
  return new VerificationGroup(first, keyParameters, {
    header: `Verification (RFC 8471 section 4.2) of a message with one provided binding of key parameters ${keyParameters}. Unless the comment says otherwise only one thing is wrong.`,
    notes: pick(...flagsOfAllKeys, ...furtherFlags),
    keys,
  });
}
