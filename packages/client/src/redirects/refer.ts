import { TokenBindingError } from "@tokbind/codec";
import type { Dispatcher } from "undici";
import { chainOf } from "./redirect-chain.ts";
import { checkReferral, type Referral } from "./referral.ts";

/**
 * An interceptor for {@link TokenBindingAgent}: requests to the origin `to` also prove the key of another server, as a
 * referred Token Binding, without a redirect that asked for it (RFC 8473 section 6). It does not go along where a redirect
 * leads from there, if `agent.fetch` or an interceptor follows that. On a connection without Token Binding the request
 * goes without it.
 *
 * It tells `to` who the client is elsewhere: use it only where the application means that.
 *
 * @throws TokenBindingError `invalid_argument` unless `key` is a key and `to` an https URL; a request fails with
 *   `invalid_argument` where no TokenBindingAgent is behind, and with `key_store` when the key cannot sign
 * @example
 * const referring = agent.compose(refer({ key, to: "https://accounts.example" }));
 * const response = await referring.fetch("https://accounts.example/token", { method: "POST", body });
 */
export function refer(referral: Referral): Dispatcher.DispatcherComposeInterceptor {
  const checked = checkReferral(referral);
  return (dispatch) => (options, handler) => {
    const chain = chainOf(options);
    if (chain === undefined) {
      throw new TokenBindingError(
        "invalid_argument",
        "refer: expected to be composed by a TokenBindingAgent, got another dispatcher",
      );
    }
    chain.begin(checked);
    return dispatch(options, handler);
  };
}
