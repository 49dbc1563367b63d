export { connect, type End, type Handshake, handshake, Listener } from "./ends.ts";
export { extension24, type Hello, helloProxy, type Tape } from "./hello-proxy.ts";
export {
  only,
  plain,
  raw,
  tokenBinding,
  tokenBindingBelowTls13,
  versions,
  withoutExtendedMasterSecret,
  type Wrapper,
} from "./wrappers.ts";
