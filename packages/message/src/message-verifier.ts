import {
  type KeyParameters,
  keyParametersCodes,
  keyParametersName,
  signedData,
  type TokenBinding,
  TokenBindingError,
  type TokenBindingMessage,
  tokenBindingTypes,
} from "@tokbind/codec";
import { checkOptions, isBoolean, isCount, isFunction } from "@tokbind/codec/options";
import { importPublicKey, verify, type VerifyP256 } from "@tokbind/crypto";
import { KnownKeys } from "./known-keys.ts";
import {
  type ProvidedTokenBinding,
  referredIdentity,
  type ReferredTokenBinding,
  type VerifiedMessage,
} from "./verified-message.ts";

/** What a message is verified against: the connection that carries it. */
export interface TokenBindingConnection {
  /** 32 bytes of exported keying material. */
  readonly ekm: Uint8Array;
  /** The key parameters that the handshake negotiated. */
  readonly keyParameters: KeyParameters;
}

/** Options of {@link MessageVerifier}. */
export interface MessageVerifierOptions {
  /**
   * Verify the signatures of bindings of unknown type too: at most 2 of them, and refuse the message if there are
   * more or one is bad. Default false: they are ignored.
   */
  readonly verifyUnknownTypes?: boolean | undefined;
  /** Most client keys to cache, about 6 KiB each on Node 20, of P-256 with `verifyP256` 1 KiB. Default 2,000. */
  readonly maxKnownKeys?: number | undefined;
  /** Verifies the signatures of ecdsap256 in place of @tokbind/crypto, which keeps a KeyObject for each key on Node. */
  readonly verifyP256?: VerifyP256 | undefined;
}

const maxVerifiedOthers = 2;
const defaultMaxKnownKeys = 2_000;

/**
 * Verifies TokenBindingMessages by RFC 8471 section 4.2, synchronously, and caches the keys that it has verified
 * signatures with. What a protocol requires beyond that is the caller's part: HTTP's exactly one provided binding, for
 * example.
 *
 * @example
 * const verifier = new MessageVerifier();
 * const { provided } = verifier.verify(decodeTokenBindingMessage(bytes), { ekm, keyParameters: "ecdsap256" });
 */
export class MessageVerifier {
  readonly #verifyUnknownTypes: boolean;
  readonly #knownKeys: KnownKeys;
  readonly #verifyP256: VerifyP256 | undefined;

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: MessageVerifierOptions = {}) {
    checkOptions("MessageVerifier", options, {
      verifyUnknownTypes: isBoolean,
      maxKnownKeys: isCount,
      verifyP256: isFunction,
    });
    this.#verifyUnknownTypes = options.verifyUnknownTypes ?? false;
    this.#knownKeys = new KnownKeys(options.maxKnownKeys ?? defaultMaxKnownKeys);
    this.#verifyP256 = options.verifyP256;
  }

  /**
   * Verifies a message: at most one provided binding, which has the negotiated key parameters, at most one referred
   * binding, and each signature over the EKM of this connection. Whatever fails, the whole message is refused and no
   * ID is established. What costs least is checked first, and no more than two signatures (four with
   * `verifyUnknownTypes`).
   *
   * @throws TokenBindingError `provided_repeated`, `referred_repeated`, `too_many_bindings`,
   *   `key_parameters_mismatch`, `key_invalid` or `signature_invalid`, by the first check that failed;
   *   `invalid_argument` when the EKM has another length
   */
  verify(message: TokenBindingMessage, connection: TokenBindingConnection): VerifiedMessage {
    const { provided, referred, others } = sortBindings(message);
    if (provided !== undefined) checkNegotiated(provided, connection.keyParameters);
    const verifiedOthers = this.#verifyUnknownTypes ? checkOthers(others) : [];

    const verified: { -readonly [Name in keyof VerifiedMessage]: VerifiedMessage[Name] } = { others };
    if (provided !== undefined) verified.provided = this.#verifyBinding(provided, "provided", connection.ekm);
    if (referred !== undefined) verified.referred = this.#verifyReferred(referred, connection.ekm);
    for (const other of verifiedOthers) this.#verifyBinding(other, `type ${other.type}`, connection.ekm);
    return Object.freeze(verified);
  }

  #verifyReferred(binding: TokenBinding, ekm: Uint8Array): ReferredTokenBinding {
    const { bytes, keyParameters } = binding.id;
    const name = keyParametersName(keyParameters);
    // With key parameters that are not registered its signature is neither good nor bad.
    if (name !== undefined) this.#verifyBinding(binding, "referred", ekm);
    return referredIdentity(bytes.slice(), name ?? keyParameters);
  }

  #verifyBinding(binding: TokenBinding, name: string, ekm: Uint8Array): ProvidedTokenBinding {
    const { type, id, signature } = binding;
    const known = this.#knownKeys.get(id);
    const publicKey = known?.publicKey ?? importPublicKey(id, this.#verifyP256);
    if (!verify(publicKey, signedData(type, id.keyParameters, ekm), signature)) {
      throw new TokenBindingError(
        "signature_invalid",
        `${name} binding: its ${publicKey.keyParameters} signature does not match its key, type and this connection's EKM`,
      );
    }
    return (known ?? this.#knownKeys.add(id, publicKey.keyParameters, publicKey)).identity;
  }
}

interface SortedBindings {
  provided: TokenBinding | undefined;
  referred: TokenBinding | undefined;
  others: readonly TokenBinding[];
}

function sortBindings({ tokenBindings }: TokenBindingMessage): SortedBindings {
  let provided: TokenBinding | undefined;
  let referred: TokenBinding | undefined;
  const others: TokenBinding[] = [];
  for (const binding of tokenBindings) {
    if (binding.type === tokenBindingTypes.provided) {
      if (provided !== undefined) {
        throw new TokenBindingError("provided_repeated", "expected one provided binding, got more");
      }
      provided = binding;
    } else if (binding.type === tokenBindingTypes.referred) {
      //
      if (referred !== undefined) {
        throw new TokenBindingError("referred_repeated", "expected at most one referred binding, got more");
      }
      referred = binding;
    } else {
      others.push(binding);
    }
  }
  return { provided, referred, others: Object.freeze(others) };
}

function checkNegotiated(provided: TokenBinding, negotiated: KeyParameters): void {
  const got = provided.id.keyParameters;
  if (got === keyParametersCodes[negotiated]) return;
  throw new TokenBindingError(
    "key_parameters_mismatch",
    `provided binding: expected the negotiated key parameters ${negotiated} (${keyParametersCodes[negotiated]}), ` +
      `got ${describe(got)}`,
  );
}

/** Those bindings of unknown type whose signatures can be verified. */
function checkOthers(others: readonly TokenBinding[]): readonly TokenBinding[] {
  const verifiable = others.filter(({ id }) => keyParametersName(id.keyParameters) !== undefined);
  if (verifiable.length <= maxVerifiedOthers) return verifiable;
  throw new TokenBindingError(
    "too_many_bindings",
    `expected at most ${maxVerifiedOthers} bindings of unknown type to verify, got ${verifiable.length}`,
  );
}

function describe(keyParameters: number): string {
  const name = keyParametersName(keyParameters);
  return name === undefined ? `unregistered ${keyParameters}` : `${name} (${keyParameters})`;
}
