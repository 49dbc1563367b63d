import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from "node:crypto";
import { promisify } from "node:util";
import { decodeBase64url, encodeBase64url } from "@tokbind/codec";

/** How a passphrase becomes a key (RFC 7914), as it stands in the directory of the keys. */
export interface PassphraseHeader {
  readonly kdf: "scrypt";
  readonly N: number;
  readonly r: number;
  readonly p: number;
  /** base64url of 16 bytes. */
  readonly salt: string;
  /** base64url of 32 bytes: tells the passphrase from others, and whether the other members are as they were made. */
  readonly check: string;
}

type Parameters = Omit<PassphraseHeader, "check">;

// 128 MiB and some tenths of a second for each guess.
const cost = { kdf: "scrypt", N: 2 ** 17, r: 8, p: 1 } as const;
// So that a file that somebody made costs at most twice that: and is no weaker than what scrypt was published with.
const [minN, maxN] = [2 ** 14, 2 ** 18];
const cipher = "aes-256-gcm";
const [nonceLength, tagLength] = [12, 16];

const derive = promisify(scrypt) as (
  passphrase: string,
  salt: Uint8Array,
  length: number,
  options: object,
) => Promise<Buffer>;

/** Encrypts and authenticates the content of files with a key that was made of a passphrase. */
export class Passphrase {
  /** What an entry was encrypted under; authenticated with each. */
  readonly header: PassphraseHeader;
  readonly #key: Buffer;

  private constructor(header: PassphraseHeader, key: Buffer) {
    this.header = header;
    this.#key = key;
  }

  /** With new parameters. */
  static async create(passphrase: string): Promise<Passphrase> {
    const parameters = { ...cost, salt: encodeBase64url(randomBytes(16)) };
    const { key, check } = await keysOf(passphrase, parameters);
    return new Passphrase({ ...parameters, check: encodeBase64url(check) }, key);
  }

  /** With the parameters of a header; undefined when the header was made with another passphrase, or has been changed. */
  static async open(passphrase: string, header: PassphraseHeader): Promise<Passphrase | undefined> {
    const { key, check } = await keysOf(passphrase, header);
    return timingSafeEqual(check, decodeBase64url(header.check)) ? new Passphrase(header, key) : undefined;
  }

  /** @param name - of the file, so that no content counts in the place of another */
  seal(name: string, text: string): string {
    const nonce = randomBytes(nonceLength);
    const encryption = createCipheriv(cipher, this.#key, nonce, { authTagLength: tagLength });
    encryption.setAAD(this.#authenticated(name));
    const parts = [nonce, encryption.update(text, "utf8"), encryption.final(), encryption.getAuthTag()];
    return encodeBase64url(Buffer.concat(parts));
  }

  /** @throws an error without any part of the content when it is not what `seal` made with this name and header */
  unseal(name: string, sealed: string): string {
    const bytes = decodeBase64url(sealed);
    const decryption = createDecipheriv(cipher, this.#key, bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    });
    decryption.setAAD(this.#authenticated(name));
    decryption.setAuthTag(bytes.subarray(-tagLength));
    const content = decryption.update(bytes.subarray(nonceLength, -tagLength));
    return Buffer.concat([content, decryption.final()]).toString("utf8");
  }

  #authenticated(name: string): Buffer {
    return Buffer.from(JSON.stringify([parameterList(this.header), name]));
  }
}

/** Whether this is a header whose cost is bounded. */
export function isPassphraseHeader(value: unknown): value is PassphraseHeader {
  const { kdf, N, r, p, salt, check } = Object(value) as Partial<Record<keyof PassphraseHeader, unknown>>;
  return (
    kdf === cost.kdf &&
    r === cost.r &&
    p === cost.p &&
    Number.isSafeInteger(N) &&
    (N as number) >= minN &&
    (N as number) <= maxN &&
    Number.isInteger(Math.log2(N as number)) &&
    isBytesOf(16, salt) &&
    isBytesOf(32, check)
  );
}

function isBytesOf(length: number, text: unknown): boolean {
  if (typeof text !== "string") return false;
  try {
    return decodeBase64url(text).length === length;
  } catch {
    return false;
  }
}

async function keysOf(passphrase: string, parameters: Parameters): Promise<{ key: Buffer; check: Buffer }> {
  const { N, r, p, salt } = parameters;
  // One form of what can be typed in two, as RFC 8265 section 4.2.
  const text = passphrase.normalize("NFC");
  const derived = await derive(text, decodeBase64url(salt), 64, { N, r, p, maxmem: 256 * N * r });
  const check = createHmac("sha256", derived.subarray(32)).update(JSON.stringify(parameterList(parameters)));
  return { key: derived.subarray(0, 32), check: check.digest() };
}

function parameterList({ kdf, N, r, p, salt }: Parameters): readonly unknown[] {
  return [kdf, N, r, p, salt];
}
