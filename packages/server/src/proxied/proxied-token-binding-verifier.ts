import {
  decodeOtherTokenBindingIDs,
  decodeTokenBindingIDField,
  keyParametersName,
  secProvidedTokenBindingId,
  TokenBindingError,
  type TokenBindingID,
} from "@tokbind/codec";
import { type NodeRequest, ProxyTrust, type TrustedProxies } from "@tokbind/codec/node";
import { checkOptions } from "@tokbind/codec/options";
import {
  type ProvidedTokenBinding,
  providedIdentity,
  referredIdentity,
  type ReferredTokenBinding,
} from "@tokbind/message";
import { report } from "../diagnostics.ts";
import type { RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";
import { applyPolicy, type RequestPolicy, requestPolicyRules } from "../request-policy.ts";
import { type TtrpFields, ttrpFields } from "./ttrp-fields.ts";

/** Options of {@link ProxiedTokenBindingVerifier}. */
export interface ProxiedTokenBindingVerifierOptions extends RequestPolicy {
  readonly trustedProxies: TrustedProxies;
}

/**
 * Establishes the Token Binding of requests whose TLS connection ends at a proxy, from the fields
 * Sec-Provided-Token-Binding-ID, Sec-Referred-Token-Binding-ID and Sec-Other-Token-Binding-ID that the proxy adds
 * (draft-ietf-tokbind-ttrp-09). They count from trusted proxies only; from anybody else they are refused, in every
 * spelling. The hop between proxy and server has to be protected (section 4).
 *
 * @example
 * const verifier = new ProxiedTokenBindingVerifier({ trustedProxies: { unixSocket: true } });
 * http.createServer((request, response) => {
 *   response.end(verifier.verify(request)?.provided.tbh ?? "no Token Binding");
 * }).listen("/run/backend.sock");
 */
export class ProxiedTokenBindingVerifier implements RequestVerifier {
  readonly #policy: RequestPolicy;
  readonly #trust: ProxyTrust;

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: ProxiedTokenBindingVerifierOptions) {
    checkOptions("ProxiedTokenBindingVerifier", options, {
      ...requestPolicyRules,
      trustedProxies: {
        expected: "whom to trust",
        test: (value) => typeof value === "object",
        required: true,
      },
    });
    const { required, onInvalid } = options;
    this.#policy = { required, onInvalid };
    this.#trust = new ProxyTrust("ProxiedTokenBindingVerifier", options.trustedProxies);
  }

  /**
   * Establishes the Token Binding of one request. It may be called without its verifier: `const { verify } = verifier`.
   *
   * @returns what a trusted proxy says that the request proved, undefined when it has no Token Binding
   * @throws TokenBindingError whose `status` is the HTTP status to answer with
   */
  // A property, so that it works detached.
  readonly verify = (request: NodeRequest): RequestTokenBindings | undefined =>
    applyPolicy(this.#policy, request, secProvidedTokenBindingId, this.#find);

  readonly #find = (request: NodeRequest): RequestTokenBindings | undefined => {
    const fields = ttrpFields(request, () => this.#trust.trusts(request));
    if (fields === undefined) return undefined;
    const verified = decode(fields);
    report.verified(request, verified, false);
    return verified;
  };
}

function decode({ provided, referred, others }: TtrpFields): RequestTokenBindings {
  const providedId = decodeTokenBindingIDField(provided);
  if (providedId === undefined) {
    throw new TokenBindingError(
      "provided_missing",
      `expected a ${secProvidedTokenBindingId} field, got none`,
    );
  }
  const referredId = decodeTokenBindingIDField(referred);
  return Object.freeze({
    provided: providedOf(providedId),
    ...(referredId && { referred: referredOf(referredId) }),
    others: Object.freeze(decodeOtherTokenBindingIDs(others)),
  });
}

function providedOf({ bytes, keyParameters }: TokenBindingID): ProvidedTokenBinding {
  const name = keyParametersName(keyParameters);
  if (name !== undefined) return providedIdentity(bytes.slice(), name);
  throw new TokenBindingError(
    "key_invalid",
    `provided ID: expected registered key parameters, got ${keyParameters}`,
  );
}

function referredOf({ bytes, keyParameters }: TokenBindingID): ReferredTokenBinding {
  return referredIdentity(bytes.slice(), keyParametersName(keyParameters) ?? keyParameters);
}
