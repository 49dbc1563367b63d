import { STATUS_CODES } from "node:http";
import { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";

/** The JSON that answers a refused request, the same in every framework. */
export interface Refusal {
  readonly statusCode: number;
  readonly code: TokenBindingErrorCode;
  /** The reason phrase of the status. */
  readonly error: string;
  readonly message: string;
}

/** Whether it is the client's mistake, which it may be told; everything else is the application's to handle. */
export function isRefused(error: unknown): error is TokenBindingError {
  return error instanceof TokenBindingError && error.expose;
}

export function refusalOf({ status, code, message }: TokenBindingError): Refusal {
  return { statusCode: status, code, error: STATUS_CODES[status] ?? "", message };
}
