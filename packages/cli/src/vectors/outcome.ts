import { TokenBindingError } from "@tokbind/codec";

/** What became of a case, in the words of the vector files; or why it could not be run here. */
export type Outcome =
  | { readonly result: "valid"; readonly expected: unknown }
  | { readonly result: "invalid"; readonly code: string }
  | { readonly result: "invalid"; readonly alert: string }
  | { readonly skipped: string };

/** The outcome of something that returns what was established or throws TokenBindingError. */
export async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    return { result: "valid", expected: await run() };
  } catch (error) {
    if (error instanceof TokenBindingError) return { result: "invalid", code: error.code };
    throw error;
  }
}
