export { certificate } from "./certificate.ts";
export { listen } from "./listen.ts";
