export { decodeBase64url, encodeBase64url } from "./base64url.ts";
export {
  httpStatus,
  tlsAlert,
  TokenBindingError,
  type TlsAlert,
  type TokenBindingErrorCode,
  type TokenBindingErrorDetails,
} from "./errors.ts";
export { trimOptionalWhitespace } from "./optional-whitespace.ts";
export { type FieldObserver } from "./reader.ts";
export {
  ekmLength,
  exporterLabel,
  includeReferredTokenBindingId,
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
export {
  decodeOtherTokenBindingIDs,
  decodeTokenBindingIDField,
  encodeOtherTokenBindingIDs,
  type OtherTokenBindingID,
  secOtherTokenBindingId,
  secProvidedTokenBindingId,
  secReferredTokenBindingId,
} from "./ttrp-headers.ts";
