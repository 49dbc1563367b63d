export { encodePem, type PemLabel } from "../pem.ts";
export { exportPkcs8 } from "../pkcs8.ts";
export { exportPrivateJwk } from "../private-jwk.ts";
export { exportPublicJwk, importPublicJwk } from "../public-jwk.ts";
export { sign } from "../sign.ts";
export { exportSpki, importSpki } from "../spki.ts";
export {
  type Jwk,
  type KeyOptions,
  type TokenBindingKey,
  type TokenBindingPublicKeyHandle,
} from "../types.ts";
export { verify } from "../verify.ts";
export { generateKey } from "./generate-key.ts";
export { importPkcs8, importPrivateJwk } from "./import-private-key.ts";
export { importPublicKey } from "./import-public-key.ts";
export { tokenBindingHash } from "./token-binding-hash.ts";
