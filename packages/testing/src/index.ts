export { certificate } from "./certificate.ts";
export { collectGarbage } from "./collect-garbage.ts";
export { freePort } from "./free-port.ts";
export { listen } from "./listen.ts";
export { makeCertificate } from "./make-certificate.ts";
export { makeRevocationList } from "./make-revocation-list.ts";
export { SpawnedServer } from "./spawn-server.ts";
export {
  type CrlOptions,
  der,
  type LeafOptions,
  TestAuthority,
  type TestCertificate,
} from "./test-authority.ts";
