import { expect, test } from "vitest";
import { TokenBindingError, type TokenBindingErrorCode } from "../../src/index.ts";

/** A call that fails; `where` is field and offset, `said` the gist of the message. */
export type Failure = [code: TokenBindingErrorCode, where: string, said: string, fail: () => unknown];

/** One test for each: the right code, the right place, and what was expected and what came. */
export function testFailures(failures: readonly Failure[]): void {
  test.each(failures)("%s at %s: %s", (code, where, said, fail) => {
    const error = failure(fail);
    expect(error.code).toBe(code);
    expect(`${error.field ?? "-"} ${error.offset ?? "-"}`).toBe(where);
    expect(error.message).toContain(said);
  });
}

/** What a call throws, which has to be a TokenBindingError. */
export function failure(fail: () => unknown): TokenBindingError {
  try {
    fail();
  } catch (error) {
    if (error instanceof TokenBindingError) return error;
    throw error;
  }
  throw new Error("accepted");
}

export const bytes = (...values: number[]) => Uint8Array.from(values);
export const zeros = (length: number) => new Array<number>(length).fill(0);
