/*
 * ECDSA with P-256 and SHA-256, verified by Node's own OpenSSL. node:crypto calls the same functions, but takes its keys
 * as KeyObjects only: making one takes as long as verifying with it, and it holds some kilobytes.
 */
#include "addon.h"

enum { COORDINATE = 32, POINT = 2 * COORDINATE, ENCODED_POINT = 1 + POINT };
enum { HASH = 32, SIGNATURE = 2 * 32, MAX_DER = 2 + 2 * (2 + 1 + 32) };

/*
 * The curve, which each key is given by copying: to look it up by name takes a quarter of the time of a verification in
 * OpenSSL 3.0. Made once per process and only read from then on; NULL where OpenSSL has been told not to offer it.
 */
static EVP_PKEY *curve;

void prepare_p256(void) {
  ERR_set_mark();
  OSSL_PARAM parameters[] = {{"group", OSSL_PARAM_UTF8_STRING, "P-256", 5, 0}, {NULL, 0, NULL, 0, 0}};
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  if (context && EVP_PKEY_fromdata_init(context) == 1)
    EVP_PKEY_fromdata(context, &curve, EVP_PKEY_KEY_PARAMETERS, parameters);
  EVP_PKEY_CTX_free(context);
  ERR_pop_to_mark();
}

/* NULL without memory, and for what is no point on the curve. */
static EVP_PKEY *key_of(const uint8_t *point) {
  uint8_t encoded[ENCODED_POINT] = {4}; /* uncompressed, SEC 1 section 2.3.3 */
  memcpy(encoded + 1, point, POINT);
  EVP_PKEY *key = curve ? EVP_PKEY_new() : NULL;
  if (key && EVP_PKEY_copy_parameters(key, curve) == 1 &&
      EVP_PKEY_set1_encoded_public_key(key, encoded, sizeof encoded) == 1)
    return key;
  EVP_PKEY_free(key);
  return NULL;
}

/* Writes a number as an INTEGER of DER; returns how many bytes that took. */
static uint8_t write_integer(uint8_t *to, const uint8_t *number) {
  uint8_t length = COORDINATE;
  while (length > 1 && *number == 0) number++, length--;
  const bool is_signed = *number >= 0x80; /* unless a zero goes before it */
  to[0] = 2;
  to[1] = length + is_signed;
  to[2] = 0;
  memcpy(to + 2 + is_signed, number, length);
  return 2 + to[1];
}

/* From R, then S to Ecdsa-Sig-Value, RFC 3279 section 2.2.3. */
static size_t write_signature(uint8_t *to, const uint8_t *signature) {
  uint8_t length = write_integer(to + 2, signature);
  length += write_integer(to + 2 + length, signature + COORDINATE);
  to[0] = 0x30;
  to[1] = length;
  return 2 + length;
}

/*
 * verifyP256(input): whether a signature is good, of a point (X then Y, 64 bytes), the signature (R then S, 64 bytes) and
 * the data, one after the other. Throws when the point is not on the curve.
 */
napi_value verify_p256(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  size_t argument_count = 1, length;
  const uint8_t *point;
  TRY(napi_get_cb_info(env, info, &argument_count, &argument, NULL, NULL));
  TRY(napi_get_buffer_info(env, argument, (void **)&point, &length));
  if (length < POINT + SIGNATURE) return fail(env, "p256.c: expected 128 bytes or more");
  const uint8_t *signature = point + POINT, *data = signature + SIGNATURE;

  uint8_t der[MAX_DER], hash[HASH];
  const size_t der_length = write_signature(der, signature);
  int verdict = -1;
  ERR_set_mark(); /* what Node finds in the queue it takes for an error of a connection */
  EVP_PKEY *key = key_of(point);
  EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
  const bool is_ready =
      context && EVP_PKEY_verify_init(context) == 1 && SHA256(data, length - POINT - SIGNATURE, hash);
  if (is_ready) verdict = EVP_PKEY_verify(context, der, der_length, hash, HASH);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  ERR_pop_to_mark();
  if (!is_ready) return fail(env, "p256.c: OpenSSL cannot use this key");
  /* 0 says that it is bad, and so does less: when it leads to the point at infinity, say. */
  TRY(napi_get_boolean(env, verdict == 1, &result));
  return result;
}
