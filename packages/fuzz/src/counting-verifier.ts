import type { TokenBinding, TokenBindingMessage } from "@tokbind/codec";
import { MessageVerifier, type TokenBindingConnection, type VerifiedMessage } from "@tokbind/message";

/** How many bindings had their key imported, and how many their signature verified. */
export interface Work {
  readonly imports: number;
  readonly verifications: number;
}

/**
 * A server's verifier that counts what it does: of each binding it sees whether somebody reads the key, which only an
 * import does, and the signature. It lives on, as a server's does.
 */
export class CountingVerifier extends MessageVerifier {
  #imports = 0;
  #verifications = 0;

  constructor(verifyUnknownTypes: boolean) {
    super({ verifyUnknownTypes, maxKnownKeys: 16 });
  }

  override verify(message: TokenBindingMessage, connection: TokenBindingConnection): VerifiedMessage {
    const tokenBindings = message.tokenBindings.map((binding) => this.#observed(binding));
    return super.verify({ tokenBindings }, connection);
  }

  /** The work since the last call. */
  takeWork(): Work {
    const work = { imports: this.#imports, verifications: this.#verifications };
    this.#imports = 0;
    this.#verifications = 0;
    return work;
  }

  #observed(binding: TokenBinding): TokenBinding {
    const { type, id, signature, extensions } = binding;
    const countImport = once(() => this.#imports++);
    const countVerification = once(() => this.#verifications++);
    const observedId = {
      keyParameters: id.keyParameters,
      bytes: id.bytes,
      get publicKey() {
        countImport();
        return id.publicKey;
      },
    };
    return {
      type,
      id: observedId,
      get signature() {
        countVerification();
        return signature;
      },
      extensions,
    };
  }
}

function once(call: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) call();
    isDone = true;
  };
}
