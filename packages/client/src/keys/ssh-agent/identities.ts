import {
  decodeBase64url,
  encodeTokenBindingID,
  type KeyParameters,
  keyParametersCodes,
  type TokenBindingID,
} from "@tokbind/codec";
import { importPublicKey, type Jwk, type TokenBindingKey } from "@tokbind/crypto";
import { agentError, ask, messages, readAnswer, type SshAgentAddress } from "./connection.ts";
import { leftPadded, WireReader, wireMpint, wireString, wireUint32, withoutLeadingZeros } from "./wire.ts";

/** What an agent signs with as RFC 8471 says: RFC 5656 on P-256, and RFC 8332 with SHA-256. Nothing in it is PSS. */
export const agentKeyParameters = [
  "ecdsap256",
  "rsa2048_pkcs1.5",
] as const satisfies readonly KeyParameters[];

const curve = "nistp256";
const ecdsa = `ecdsa-sha2-${curve}`;
const rsa = "ssh-rsa";
const rsaSha256 = { flag: 2, algorithm: "rsa-sha2-256" };
/** SSH_AGENT_CONSTRAIN_LIFETIME */
const lifetime = 1;

/** A key that an agent holds and that can prove a Token Binding. */
export interface Identity {
  readonly comment: string;
  /** The public key as SSH writes it. */
  readonly blob: Buffer;
  readonly keyParameters: KeyParameters;
  readonly id: TokenBindingID;
}

/**
 * The keys whose comment is meant, in the agent's order. Keys of other types, certificates and keys of other sizes are
 * left out.
 *
 * @throws TokenBindingError `key_store`, as all functions here
 */
export async function listIdentities(
  address: SshAgentAddress,
  isMeant: (comment: string) => boolean,
): Promise<readonly Identity[]> {
  const answer = await ask(address, [Uint8Array.of(messages.requestIdentities)], messages.identitiesAnswer);
  return readAnswer(address, () => {
    const found: Identity[] = [];
    for (let count = answer.uint32(); count > 0; count--) {
      const blob = answer.string();
      const comment = answer.text();
      const usable = isMeant(comment) ? publicKeyOf(blob) : undefined;
      if (usable !== undefined) found.push({ comment, blob, ...usable });
    }
    answer.end();
    return found;
  });
}

/** A key that signs in the agent. */
export function identityKey(
  address: SshAgentAddress,
  { blob, keyParameters, id }: Pick<Identity, "blob" | "keyParameters" | "id">,
): TokenBindingKey {
  return { keyParameters, id, sign: (data) => sign(address, blob, keyParameters, data) };
}

/** Hands a key to the agent, which forgets it after that many seconds, if any. */
export async function addIdentity(
  address: SshAgentAddress,
  jwk: Jwk,
  comment: string,
  seconds: number | undefined,
): Promise<void> {
  const constraint = seconds === undefined ? [] : [Uint8Array.of(lifetime), wireUint32(seconds)];
  const type = seconds === undefined ? messages.addIdentity : messages.addIdConstrained;
  const question = [Uint8Array.of(type), ...privateKey(jwk), wireString(comment), ...constraint];
  (await ask(address, question, messages.success)).end();
}

export async function removeIdentity(address: SshAgentAddress, blob: Buffer): Promise<void> {
  (await ask(address, [Uint8Array.of(messages.removeIdentity), wireString(blob)], messages.success)).end();
}

/** Undefined for a key that cannot prove a Token Binding. */
function publicKeyOf(blob: Buffer): Pick<Identity, "keyParameters" | "id"> | undefined {
  try {
    const found = readPublicKey(new WireReader(blob));
    if (found !== undefined) importPublicKey(found.id);
    return found;
  } catch {
    return undefined;
  }
}

function readPublicKey(blob: WireReader): Pick<Identity, "keyParameters" | "id"> | undefined {
  const type = blob.text();
  if (type === ecdsa) {
    const name = blob.text();
    const point = blob.string();
    blob.end();
    if (name !== curve || point.length !== 65 || point[0] !== 4) return undefined;
    return identified("ecdsap256", { kind: "ec", point: Uint8Array.from(point.subarray(1)) });
  }
  if (type !== rsa) return undefined;
  const publicExponent = withoutLeadingZeros(blob.mpint(4));
  const modulus = blob.mpint(256);
  blob.end();
  return identified("rsa2048_pkcs1.5", { kind: "rsa", modulus, publicExponent });
}

function identified(
  keyParameters: KeyParameters,
  publicKey: Parameters<typeof encodeTokenBindingID>[1],
): Pick<Identity, "keyParameters" | "id"> {
  return { keyParameters, id: encodeTokenBindingID(keyParametersCodes[keyParameters], publicKey) };
}

async function sign(
  address: SshAgentAddress,
  blob: Buffer,
  keyParameters: KeyParameters,
  data: Uint8Array,
): Promise<Uint8Array> {
  const isRsa = keyParameters !== "ecdsap256";
  const question = [
    Uint8Array.of(messages.signRequest),
    wireString(blob),
    wireString(data),
    wireUint32(isRsa ? rsaSha256.flag : 0),
  ];
  const answer = await ask(address, question, messages.signResponse);
  return readAnswer(address, () => {
    const signature = new WireReader(answer.string());
    answer.end();
    const algorithm = signature.text();
    const expected = isRsa ? rsaSha256.algorithm : ecdsa;
    if (algorithm !== expected) throw agentError(address, `expected a signature of ${expected}, got another`);
    const bytes = signature.string();
    signature.end();
    // RFC 8332 section 3: it may lack leading zeros.
    return isRsa ? leftPadded(bytes, 256) : readEcdsaSignature(bytes);
  });
}

/** R then S, of RFC 5656 section 3.1.2. */
function readEcdsaSignature(bytes: Buffer): Uint8Array {
  const reader = new WireReader(bytes);
  const [r, s] = [reader.mpint(32), reader.mpint(32)];
  reader.end();
  return Uint8Array.of(...r, ...s);
}

/** The fields of a private key in draft-ietf-sshm-ssh-agent section 4.2. */
function privateKey(jwk: Jwk): readonly Uint8Array[] {
  const number = (member: "x" | "y" | "n" | "e" | "d" | "qi" | "p" | "q") => decodeBase64url(jwk[member]!);
  if (jwk.kty === "RSA") {
    const numbers = (["n", "e", "d", "qi", "p", "q"] as const).map((member) => wireMpint(number(member)));
    return [wireString(rsa), ...numbers];
  }
  const point = Uint8Array.of(4, ...number("x"), ...number("y"));
  return [wireString(ecdsa), wireString(curve), wireString(point), wireMpint(number("d"))];
}
