import type { VerifiedTokenBindings } from "./verify-sec-token-binding.ts";

// HTTP/2 may bring requests for several key scopes over one connection; more at a time is not worth memory.
const maxMessages = 4;
// Room for one provided and one referred binding of the longest kind of key, or four of the shortest.
const maxCharacters = 2048;

/**
 * The messages that were accepted on one connection: the same text proves the same thing there again. It keeps at most
 * four of them, 2,048 characters in all, and none with bindings of unknown type, which may hold anything.
 */
export class AcceptedMessages {
  readonly #accepted: { readonly line: string; readonly verified: VerifiedTokenBindings }[] = [];
  #characters = 0;

  get(line: string): VerifiedTokenBindings | undefined {
    for (const accepted of this.#accepted) if (accepted.line === line) return accepted.verified;
    return undefined;
  }

  /** @param line - the whole field line, as it came */
  add(line: string, verified: VerifiedTokenBindings): void {
    if (line.length > maxCharacters || verified.others.length > 0) return;
    this.#accepted.push({ line, verified });
    this.#characters += line.length;
    while (this.#accepted.length > maxMessages || this.#characters > maxCharacters) {
      this.#characters -= this.#accepted.shift()!.line.length;
    }
  }
}
