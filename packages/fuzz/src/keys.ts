import { invert, pow } from "@noble/curves/abstract/modular.js";
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { mgf1 } from "micro-rsa-dsa-dh/rsa.js";
import { join, toBytes, toNumber } from "./bytes.ts";
import { type Binding, vector, type Vector } from "./message-tree.ts";

/** A key whose signatures are the same in every run. */
export interface Signer {
  readonly keyParameters: number;
  readonly publicKey: () => Vector;
  readonly sign: (data: Uint8Array) => Uint8Array;
}

const utf8 = new TextEncoder();

/** 32 bytes that follow from a name. */
export function named(name: string): Uint8Array {
  return sha256(utf8.encode(`tokbind fuzz ${name}`));
}

export function ecSigner(secretKey: Uint8Array): Signer {
  const point = p256.getPublicKey(secretKey, false).subarray(1);
  return {
    keyParameters: 2,
    publicKey: () => vector(2, vector(1, point)),
    sign: (data) => p256.sign(data, secretKey, { lowS: false }),
  };
}

/**
 * A key for which `data` has a signature with an S so small that S + n fits in 32 bytes too: whoever does not
 * check the range of S takes both. Other data can't be signed.
 */
export function smallSSigner(data: Uint8Array): Signer {
  const n = p256.Point.Fn.ORDER;
  const s = 5n;
  const k = toNumber(named("nonce")) % n;
  const r = p256.Point.BASE.multiply(k).x % n;
  const secret = ((s * k - toNumber(sha256(data)) + n * n) * invert(r, n)) % n;
  const signature = join(toBytes(r, 32), toBytes(s, 32));
  return { ...ecSigner(toBytes(secret, 32)), sign: () => signature };
}

// Primes made once, by chance: for exponent 65537 and for exponent 3.
const rsaPrimes = new Map([
  [
    65537n,
    [
      0xcb20722e0aa6d67ff5f53bcca11d55590c904adc0f26ff3e879e6cd79ec96cbad0dd7bc75a6a1ae75b1bb9420355dc8180f71879b0e7a89d44997ecaa9878b4acde9ea879fc60c43884591c1ffba19e42c4cce9cd322ad43553c64963f1beb65f6fc8b46a6a0f574b1ff32e4b93df43f83df653e59f44039c50ca3de97d03affn,
      0xfd0c9f71c27233b621fd6bbf15e07415852d09be28b3890d9ff4b25fd25b5cb1e0e5a94895e6fdcc35f690ee25a4c1cd31bdbe7c48699fb8dd85592cbb57f916b8bbbe030ced94d5ea2a95064a083817577f4e8d9d2f8b7582fe5f249464763c447559aaf9c00ac9191124eaca92062cc483990c1b1272c4a5ecf5cb061154afn,
    ],
  ],
  [
    3n,
    [
      0xe98415ac31d4c7b3a9af5c965edbf9612054b3def7dfba0f01963095b1e37cffef02d6b7cab851474882b1942ac5a394b53f57e2c04b52ca92be85e71fdc28599911e28eb62066a82f29514bdbe13cba6522faef886f0413fe4d38d0576e6fc61246ae6ac38ebcc1a8bc3a491a6cf6e811ce5b824dd41fcc5f12f0515c28e759n,
      0xefa90fca8d034079cfb989a6c178f01f2d446c6443d80cd6407e624ab12d21e710934383110644105d8b966c3477621e22f271e4269217ac8cffcfcca2a1e51fee1d084c04145849d29c1cd892af70032d66a63477f594cb76db10cd179cd422e298c512dbddaa33661b5ed699698ccc3d3d12fd85ef5622bc211dd7705b07ddn,
    ],
  ],
]);

export function rsaSigner(keyParameters: 0 | 1, e: 3n | 65537n): Signer {
  const [p, q] = rsaPrimes.get(e) as [bigint, bigint];
  const n = p * q;
  const d = invert(e, (p - 1n) * (q - 1n));
  const encode = keyParameters === 0 ? encodePkcs1 : encodePss;
  return {
    keyParameters,
    publicKey: () => vector(2, vector(2, toBytes(n, 256)), vector(1, toBytes(e, e === 3n ? 1 : 3))),
    sign: (data) => toBytes(pow(toNumber(encode(sha256(data))), d, n), 256),
  };
}

/** EMSA-PKCS1-v1_5 of RFC 8017 section 9.2 with SHA-256. */
function encodePkcs1(hash: Uint8Array): Uint8Array {
  const info = Buffer.from("3031300d060960864801650304020105000420", "hex");
  return join(Uint8Array.of(0, 1), new Uint8Array(202).fill(0xff), Uint8Array.of(0), info, hash);
}

/** EMSA-PSS of RFC 8017 section 9.1.1 with SHA-256 and a salt of 32 bytes that is always the same. */
function encodePss(hash: Uint8Array): Uint8Array {
  const salt = named("salt");
  const digest = sha256(join(new Uint8Array(8), hash, salt));
  const mask = mgf1(sha256)(digest, { dkLen: 223 });
  const masked = join(new Uint8Array(190), Uint8Array.of(1), salt).map((byte, i) => byte ^ mask[i]!);
  masked[0]! &= 0x7f;
  return join(masked, digest, Uint8Array.of(0xbc));
}

/** A binding that is valid on the connection with this EKM. */
export function sign(type: number, signer: Signer, ekm: Uint8Array): Binding {
  const signature = signer.sign(join(Uint8Array.of(type, signer.keyParameters), ekm));
  return {
    type,
    keyParameters: signer.keyParameters,
    key: signer.publicKey(),
    signature: vector(2, signature),
    extensions: vector(2),
  };
}
