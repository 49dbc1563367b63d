/*
 * The part of OpenSSL's API that the addon uses, declared by hand with opaque types: no OpenSSL headers, so
 * no ABI to match and one binary for every Node with OpenSSL 3 or 4 inside. Node exports these functions; they are
 * weak, so that a runtime without them (Bun, Deno) still loads the addon and is told what it lacks.
 */
#ifndef TOKBIND_OPENSSL_H
#define TOKBIND_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define IMPORTED __declspec(dllimport) extern
#elif defined(__APPLE__)
#define IMPORTED extern __attribute__((weak_import, visibility("default")))
#else
#define IMPORTED extern __attribute__((weak, visibility("default")))
#endif

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct x509_st X509;
typedef struct crypto_ex_data_st CRYPTO_EX_DATA;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;

/* The one type that is not opaque: OpenSSL has callers fill it in themselves. */
typedef struct ossl_param_st {
  const char *key;
  unsigned data_type;
  void *data;
  size_t data_size, return_size;
} OSSL_PARAM;

typedef void ex_data_callback(void *parent, void *data, CRYPTO_EX_DATA *ex_data, int index, long argl, void *argp);
typedef void info_callback(const SSL *ssl, int where, int value);
typedef int add_callback(SSL *ssl, unsigned type, unsigned message, const uint8_t **out, size_t *length, X509 *x,
                         size_t chain_index, int *alert, void *arg);
typedef int parse_callback(SSL *ssl, unsigned type, unsigned message, const uint8_t *in, size_t length, X509 *x,
                           size_t chain_index, int *alert, void *arg);
typedef void message_callback(int is_written, int version, int content_type, const void *message, size_t length,
                              SSL *ssl, void *arg);

#define OPENSSL_FUNCTIONS(F)                                                                                          \
  F(unsigned long, OpenSSL_version_num, (void))                                                                       \
  F(int, CRYPTO_get_ex_new_index, (int class_index, long argl, void *argp, ex_data_callback *new_func,                \
    void *dup_func, ex_data_callback *free_func))                                                                     \
  F(int, SSL_CTX_add_custom_ext, (SSL_CTX *ctx, unsigned type, unsigned messages, add_callback *add,                  \
    void *free_add, void *add_arg, parse_callback *parse, void *parse_arg))                                           \
  F(void, SSL_CTX_set_msg_callback, (SSL_CTX *ctx, message_callback *callback))                                       \
  F(int, SSL_CTX_set_ex_data, (SSL_CTX *ctx, int index, void *data))                                                  \
  F(void *, SSL_CTX_get_ex_data, (const SSL_CTX *ctx, int index))                                                     \
  F(void, SSL_set_msg_callback, (SSL *ssl, message_callback *callback))                                               \
  F(int, SSL_set_ex_data, (SSL *ssl, int index, void *data))                                                          \
  F(void *, SSL_get_ex_data, (const SSL *ssl, int index))                                                             \
  F(SSL_CTX *, SSL_get_SSL_CTX, (const SSL *ssl))                                                                     \
  F(long, SSL_ctrl, (SSL *ssl, int command, long larg, void *parg))                                                   \
  F(long, SSL_callback_ctrl, (SSL *ssl, int command, void (*callback)(void)))                                         \
  F(uint64_t, SSL_get_options, (const SSL *ssl))                                                                      \
  F(uint64_t, SSL_set_options, (SSL *ssl, uint64_t options))                                                          \
  F(int, SSL_client_hello_get0_ext, (SSL *ssl, unsigned type, const uint8_t **out, size_t *length))                   \
  F(size_t, SSL_get_finished, (const SSL *ssl, void *buffer, size_t size))                                            \
  F(size_t, SSL_get_peer_finished, (const SSL *ssl, void *buffer, size_t size))                                       \
  F(info_callback *, SSL_get_info_callback, (const SSL *ssl))                                                         \
  F(void, SSL_set_info_callback, (SSL *ssl, info_callback *callback))                                                 \
  F(int, SSL_export_keying_material, (SSL *ssl, uint8_t *out, size_t size, const char *label, size_t label_length,    \
    const uint8_t *context, size_t context_length, int use_context))                                                  \
  F(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name, (void *library, const char *name, const char *properties))            \
  F(void, EVP_PKEY_CTX_free, (EVP_PKEY_CTX *context))                                                                 \
  F(int, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX *context))                                                             \
  F(int, EVP_PKEY_fromdata, (EVP_PKEY_CTX *context, EVP_PKEY **key, int selection, OSSL_PARAM *parameters))           \
  F(EVP_PKEY *, EVP_PKEY_new, (void))                                                                                 \
  F(void, EVP_PKEY_free, (EVP_PKEY *key))                                                                             \
  F(int, EVP_PKEY_copy_parameters, (EVP_PKEY *to, const EVP_PKEY *from))                                              \
  F(int, EVP_PKEY_set1_encoded_public_key, (EVP_PKEY *key, const uint8_t *encoded, size_t length))                    \
  F(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_pkey, (void *library, EVP_PKEY *key, const char *properties))               \
  F(int, EVP_PKEY_verify_init, (EVP_PKEY_CTX *context))                                                               \
  F(int, EVP_PKEY_verify, (EVP_PKEY_CTX *context, const uint8_t *signature, size_t signature_length,                  \
    const uint8_t *hash, size_t hash_length))                                                                         \
  F(uint8_t *, SHA256, (const uint8_t *data, size_t length, uint8_t *hash))                                           \
  F(int, ERR_set_mark, (void))                                                                                        \
  F(int, ERR_pop_to_mark, (void))

#define DECLARE(result, name, parameters) IMPORTED result name parameters;
OPENSSL_FUNCTIONS(DECLARE)

/* Values of OpenSSL's macros, part of its stable API. */
enum { CRYPTO_EX_INDEX_SSL = 0, CRYPTO_EX_INDEX_SSL_CTX = 1, EVP_MAX_MD_SIZE = 64 };
enum { SSL_EXT_CLIENT_HELLO = 0x80, SSL_EXT_TLS1_2_SERVER_HELLO = 0x100, SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS = 0x400 };
enum { SSL_AD_DECODE_ERROR = 50, SSL_AD_INTERNAL_ERROR = 80, SSL_AD_UNSUPPORTED_EXTENSION = 110 };
enum { SSL_CTRL_SET_TLSEXT_DEBUG_CB = 56, SSL_CTRL_GET_RI_SUPPORT = 76, SSL_CB_HANDSHAKE_DONE = 0x20 };
enum { SSL_OP_NO_EXTENDED_MASTER_SECRET = 1 << 0, SSL_OP_NO_RENEGOTIATION = 1 << 30 };
enum { EVP_PKEY_KEY_PARAMETERS = 0x84, OSSL_PARAM_UTF8_STRING = 4 };
enum { TLSEXT_TYPE_extended_master_secret = 23, SSL3_RT_HANDSHAKE = 22, SSL3_MT_CLIENT_HELLO = 1 };

#endif
