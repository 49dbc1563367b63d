import { TokenBindingError } from "@tokbind/codec";
import { asError } from "./as-error.ts";
import { ignoreRejection } from "./key-getter.ts";
import type { SentRequest } from "./sent-request.ts";

type Observe = (sent: SentRequest) => void;

/** An application's function, so that whatever it throws fails the request with an error of ours. */
export function guarded(observe: (sent: SentRequest) => unknown): Observe {
  return (sent) => {
    let result: unknown;
    try {
      result = observe(sent);
    } catch (error) {
      throw asError("invalid_argument", "observe", error);
    }
    if (!(result instanceof Promise)) return;
    ignoreRejection(result);
    throw new TokenBindingError(
      "invalid_argument",
      "observe: expected a function that returns nothing, got one that returns a promise; nobody waits for it",
    );
  };
}
