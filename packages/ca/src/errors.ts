import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";

export function invalid(message: string): TokenBindingError {
  return new TokenBindingError("invalid_argument", message);
}

/** A failure with a file: its path and the system's code, nothing of its content. */
export function fileError(
  code: TokenBindingErrorCode,
  path: string,
  what: string,
  cause?: unknown,
): TokenBindingError {
  const message = `${path} ${what}`;
  if (cause === undefined) return new TokenBindingError(code, message);
  const { code: reason = "failed" } = cause as NodeJS.ErrnoException;
  return new TokenBindingError(code, `${message}: ${reason}`, { cause });
}

export function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
