import { TokenBindingError } from "@tokbind/codec";

/** What happened to a case, in the words of the vector files; or why it was not, or could not be, run to its end. */
export type Outcome =
  | { readonly result: "valid"; readonly expected: unknown }
  | { readonly result: "invalid"; readonly code: string }
  | { readonly result: "invalid"; readonly alert: string }
  /** Something that no case expects, in a sentence. */
  | { readonly failed: string }
  /** Why two ends on one machine cannot make this handshake. */
  | { readonly skipped: string };

/** The outcome of something that returns what was established, or throws. */
export async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    return { result: "valid", expected: await run() };
  } catch (error) {
    return outcomeOfError(error);
  }
}

/** The outcome of a case that ended with an error: the refusal if it is one of ours. */
export function outcomeOfError(error: unknown): Outcome {
  if (error instanceof TokenBindingError) return { result: "invalid", code: error.code };
  return { failed: error instanceof Error ? error.message : String(error) };
}
