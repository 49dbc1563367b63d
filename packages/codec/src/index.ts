export { decodeBase64url, encodeBase64url } from "./base64url.ts";
export { TokenBindingError, type TokenBindingErrorCode, type TokenBindingErrorDetails } from "./errors.ts";
export {
  decodeOtherTokenBindingIDs,
  decodeSecTokenBinding,
  decodeTokenBindingIDField,
  encodeOtherTokenBindingIDs,
  type OtherTokenBindingID,
  secOtherTokenBindingId,
  secProvidedTokenBindingId,
  secReferredTokenBindingId,
} from "./header-fields.ts";
export type { FieldObserver } from "./reader.ts";
export {
  checkKeyParameters,
  checkKeyParametersList,
  defaultKeyParameters,
  ekmLength,
  exporterLabel,
  includeReferredTokenBindingId,
  isKeyParameters,
  type KeyParameters,
  keyParametersCodes,
  keyParametersName,
  type ProtocolVersion,
  secTokenBinding,
  tokenBindingExtensionType,
  tokenBindingTypes,
  tokenBindingVersion,
} from "./registries.ts";
export { signedData } from "./signed-data.ts";
export {
  decodeTokenBindingID,
  encodeTokenBindingID,
  type OpaquePublicKey,
  type RSAPublicKey,
  type TB_ECPoint,
  type TokenBindingID,
  type TokenBindingPublicKey,
} from "./token-binding-id.ts";
export {
  type DecodeOptions,
  decodeTokenBindingMessage,
  defaultMessageLimits,
  encodeTokenBindingMessage,
  type MessageLimits,
  type TB_Extension,
  type TokenBinding,
  type TokenBindingMessage,
} from "./token-binding-message.ts";
export {
  decodeTokenBindingParameters,
  encodeTokenBindingParameters,
  type TokenBindingParameters,
} from "./token-binding-parameters.ts";
