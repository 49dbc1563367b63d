import {
  decodeBase64url,
  decodeTokenBindingMessage,
  encodeBase64url,
  type MessageLimits,
} from "@tokbind/codec";
import { type Outcome, outcomeOf } from "../outcome.ts";

/** A TokenBindingMessage, in base64url. */
export interface MessageCase {
  readonly message: string;
  readonly limits?: Partial<MessageLimits>;
}

/** Decodes the message. */
export function runMessage({ message, limits }: MessageCase): Promise<Outcome> {
  return outcomeOf(() => {
    const { tokenBindings } = decodeTokenBindingMessage(decodeBase64url(message), limits);
    const bindings = tokenBindings.map(({ type, id, signature, extensions }) => ({
      type,
      id: encodeBase64url(id.bytes),
      signature: encodeBase64url(signature),
      extensions: extensions.map(({ extensionType, extensionData }) => ({
        type: extensionType,
        data: encodeBase64url(extensionData),
      })),
    }));
    return { bindings };
  });
}
