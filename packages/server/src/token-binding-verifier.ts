import { secTokenBinding, TokenBindingError } from "@tokbind/codec";
import { checkOptions, isBoolean, isCount } from "@tokbind/codec/options";
import { MessageVerifier } from "@tokbind/message";
import { type NegotiatedTokenBinding, negotiatedTokenBinding } from "@tokbind/tls";
import { verifyP256 } from "@tokbind/tls/p256";
import { AcceptedMessages } from "./accepted-messages.ts";
import { report } from "./diagnostics.ts";
import { connectionOf, type NodeRequest, socketOf } from "@tokbind/codec/node";
import { secTokenBindingLines } from "./node-request.ts";
import { applyPolicy, type RequestPolicy, requestPolicyRules } from "./request-policy.ts";
import {
  type SecTokenBindingOptions,
  type VerifiedTokenBindings,
  verifySecTokenBinding,
} from "./verify-sec-token-binding.ts";

/** Options of {@link TokenBindingVerifier}: the policy of a server, and limits. */
export interface TokenBindingVerifierOptions extends RequestPolicy, SecTokenBindingOptions {
  /** Most client keys to cache, about 1 KiB each, of RSA 7 KiB. Default 2,000. */
  readonly maxKnownKeys?: number | undefined;
}

interface Connection {
  readonly negotiated: NegotiatedTokenBinding;
  readonly accepted: AcceptedMessages;
}

/**
 * Establishes the Token Binding of requests, over the TLS connection that ends here.
 *
 * @example
 * const verifier = new TokenBindingVerifier();
 * const server = withTokenBinding(() =>
 *   https.createServer({ key, cert }, (request, response) => {
 *     const binding = verifier.verify(request);
 *     response.end(binding ? `your key is ${binding.provided.tbh}` : "no Token Binding");
 *   }),
 * );
 */
export class TokenBindingVerifier {
  readonly #options: TokenBindingVerifierOptions;
  readonly #messageVerifier: MessageVerifier;
  // What was accepted on one connection counts on that connection only: its EKM is what the messages prove.
  readonly #connections = new WeakMap<object, Connection>();

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: TokenBindingVerifierOptions = {}) {
    checkOptions("TokenBindingVerifier", options, {
      ...requestPolicyRules,
      maxMessageLength: isCount,
      maxTokenBindings: isCount,
      maxKnownKeys: isCount,
      verifyUnknownTypes: isBoolean,
    });
    this.#options = { ...options };
    const { maxKnownKeys, verifyUnknownTypes } = options;
    this.#messageVerifier = new MessageVerifier({ maxKnownKeys, verifyUnknownTypes, verifyP256 });
  }

  /**
   * Establishes the Token Binding of one request (RFC 8473 section 2). Every request is verified by its own field;
   * nothing is carried over from another request of the connection. It may be called without its verifier:
   * `const { verify } = verifier`.
   *
   * @returns what the request proved, undefined when it has no Token Binding
   * @throws TokenBindingError whose `status` is the HTTP status to answer with
   */
  // A property, so that it works detached.
  readonly verify = (request: NodeRequest): VerifiedTokenBindings | undefined =>
    applyPolicy(this.#options, request, secTokenBinding, this.#find);

  readonly #find = (request: NodeRequest): VerifiedTokenBindings | undefined => {
    const lines = secTokenBindingLines(request);
    // Asked for every request, because a socket can no longer tell once it is destroyed.
    const connection = this.#connection(request);
    const line = lines[0];
    if (line === undefined) return undefined;
    if (connection === undefined) throw notNegotiated(request);
    const known = lines.length === 1 ? connection.accepted.get(line) : undefined;
    if (known !== undefined) {
      report.verified(request, known, true);
      return known;
    }
    const { negotiated, accepted } = connection;
    const verified = verifySecTokenBinding(lines, negotiated, this.#options, this.#messageVerifier)!;
    accepted.add(line, verified);
    report.verified(request, verified, false);
    return verified;
  };

  #connection(request: NodeRequest): Connection | undefined {
    const key = connectionOf(request);
    if (key === undefined) return undefined;
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const socket = socketOf(key);
    const negotiated = socket && negotiatedTokenBinding(socket);
    if (negotiated === undefined) return undefined;
    const connection = { negotiated, accepted: new AcceptedMessages() };
    this.#connections.set(key, connection);
    report.negotiated(negotiated);
    return connection;
  }
}

function notNegotiated(request: NodeRequest): TokenBindingError {
  const connection = connectionOf(request);
  const socket = connection && socketOf(connection);
  if (socket === undefined || socket.destroyed) {
    return new TokenBindingError(
      "connection_unknown",
      `got a ${secTokenBinding} field on a request without a living connection to verify it against`,
    );
  }
  return new TokenBindingError(
    "not_negotiated",
    `got a ${secTokenBinding} field on a connection that did not negotiate Token Binding`,
  );
}
