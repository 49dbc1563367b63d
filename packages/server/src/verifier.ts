import { secTokenBinding, TokenBindingError } from "@tokbind/codec";
import { type NegotiatedTokenBinding, negotiatedTokenBinding } from "@tokbind/tls";
import { KnownKeys } from "./known-keys.ts";
import { type NodeRequest, refuseJoinedFields, secTokenBindingField } from "./sec-token-binding-field.ts";
import type { VerifiedTokenBindings } from "./verified-token-bindings.ts";
import {
  type MessageVerificationOptions,
  verifyTokenBindingMessage,
} from "./verify-token-binding-message.ts";

/** Options of {@link createVerifier}: the policy of a server. */
export interface VerifierOptions extends MessageVerificationOptions {
  /** Refuse requests that prove no Token Binding. Default false: they are served as unbound. */
  readonly required?: boolean;
  /**
   * What becomes of a request whose message is refused. "reject", the default: `verify` throws, and the
   * answer should be 400. "ignore": the request has no Token Binding, so every bound token on it is refused.
   */
  readonly onInvalid?: "reject" | "ignore";
  /** Number of client keys to keep ready. Default 10,000, about 1 KiB each. */
  readonly maxKnownKeys?: number;
}

/** Verifies the Token Binding of requests; made by {@link createVerifier}. */
export interface Verifier {
  /**
   * Establishes the Token Binding of one request (RFC 8473 section 2). Every request is judged by its own
   * field; nothing is carried over from another request of the connection.
   *
   * @returns what the request proved, undefined when it has no Token Binding
   * @throws TokenBindingError whose `status` is the HTTP status to answer with
   */
  verify(request: NodeRequest): VerifiedTokenBindings | undefined;
}

/** A message that was accepted on a connection: the same bytes prove the same thing there again (TBH-2-18). */
interface Accepted {
  readonly value: string;
  readonly verified: VerifiedTokenBindings;
}

interface ConnectionMemory {
  readonly negotiated: NegotiatedTokenBinding;
  readonly accepted: Accepted[];
}

// HTTP/2 may bring requests for several key scopes over one connection; more at a time is not worth memory.
const maxAccepted = 4;

/**
 * Makes the verifier of a server.
 *
 * @example
 * const verifier = createVerifier();
 * const server = withTokenBinding({}, () =>
 *   https.createServer({ key, cert }, (request, response) => {
 *     const binding = verifier.verify(request);
 *     response.end(binding ? `your key is ${binding.provided.tbh}` : "no Token Binding");
 *   }),
 * );
 */
export function createVerifier(options: VerifierOptions = {}): Verifier {
  const knownKeys = new KnownKeys(options.maxKnownKeys ?? 10_000);
  // What was accepted on one connection counts on that connection only: its EKM is what the messages prove.
  const connections = new WeakMap<object, ConnectionMemory>();

  function verifyField(request: NodeRequest): VerifiedTokenBindings | undefined {
    const value = secTokenBindingField(request);
    const memory = connectionMemory(connections, request);
    if (value === undefined) return undefined;
    for (const accepted of memory?.accepted ?? []) if (accepted.value === value) return accepted.verified;
    refuseJoinedFields(value);
    if (memory === undefined) {
      throw new TokenBindingError(
        "not_negotiated",
        `got a ${secTokenBinding} field on a connection that did not negotiate Token Binding`,
      );
    }
    const verified = verifyTokenBindingMessage(value, memory.negotiated, options, knownKeys);
    if (memory.accepted.length === maxAccepted) memory.accepted.shift();
    memory.accepted.push({ value, verified });
    return verified;
  }

  function verify(request: NodeRequest): VerifiedTokenBindings | undefined {
    let verified: VerifiedTokenBindings | undefined;
    try {
      verified = verifyField(request);
    } catch (error) {
      if (options.onInvalid !== "ignore" || !(error instanceof TokenBindingError)) throw error;
    }
    if (verified === undefined && options.required) {
      throw new TokenBindingError(
        "header_missing",
        `this server requires Token Binding: expected a valid ${secTokenBinding} field, got none`,
      );
    }
    return verified;
  }

  return { verify };
}

function connectionMemory(
  connections: WeakMap<object, ConnectionMemory>,
  request: NodeRequest,
): ConnectionMemory | undefined {
  // An HTTP/2 request shows its socket through a proxy; the session stands for the connection as well.
  const connection = "stream" in request ? request.stream.session : request.socket;
  if (connection === undefined) return undefined;
  const known = connections.get(connection);
  if (known !== undefined) return known;
  const negotiated = negotiatedTokenBinding(request.socket);
  if (negotiated === undefined) return undefined;
  const memory = { negotiated, accepted: [] };
  connections.set(connection, memory);
  return memory;
}
