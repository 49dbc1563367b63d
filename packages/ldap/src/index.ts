export { acceptScramBind, type AcceptScramBindOptions } from "./accept-scram-bind.ts";
export { bindKerberos, type KerberosBindOptions } from "./bind-kerberos.ts";
export { bindNtlm, type NtlmBindOptions } from "./bind-ntlm.ts";
export { bindScram, type ScramBindOptions } from "./bind-scram.ts";
export {
  checkEnforcement,
  type Enforcement,
  type EnforcementReport,
  type ProbeResult,
} from "./check-enforcement.ts";
export { connectDirectory, type DirectoryOptions } from "./connect-directory.ts";
export {
  type ChannelBindingType,
  createScramCredentials,
  type ScramCredentials,
  type ScramLogin,
  type ScramMechanism,
} from "@tokbind/channel-binding";
export { TokenBindingError, type TokenBindingErrorCode } from "@tokbind/codec";
