export { certificate } from "./certificate.ts";
export { listen } from "./listen.ts";
export { makeCertificate } from "./make-certificate.ts";
