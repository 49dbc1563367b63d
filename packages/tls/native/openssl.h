/*
 * The part of OpenSSL's API that token_binding.c uses, declared by hand with opaque types: no OpenSSL headers, so
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
  F(void, SSL_set_info_callback, (SSL *ssl, info_callback *callback))

#define DECLARE(result, name, parameters) IMPORTED result name parameters;
OPENSSL_FUNCTIONS(DECLARE)

/* Values of OpenSSL's macros, part of its stable API. */
enum { CRYPTO_EX_INDEX_SSL = 0, CRYPTO_EX_INDEX_SSL_CTX = 1, EVP_MAX_MD_SIZE = 64 };
enum { SSL_EXT_CLIENT_HELLO = 0x80, SSL_EXT_TLS1_2_SERVER_HELLO = 0x100, SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS = 0x400 };
enum { SSL_AD_DECODE_ERROR = 50, SSL_AD_INTERNAL_ERROR = 80, SSL_AD_UNSUPPORTED_EXTENSION = 110 };
enum { SSL_CTRL_SET_TLSEXT_DEBUG_CB = 56, SSL_CTRL_GET_RI_SUPPORT = 76, SSL_CB_HANDSHAKE_DONE = 0x20 };
enum { SSL_OP_NO_EXTENDED_MASTER_SECRET = 1 << 0, SSL_OP_NO_RENEGOTIATION = 1 << 30 };
enum { TLSEXT_TYPE_extended_master_secret = 23, SSL3_RT_HANDSHAKE = 22, SSL3_MT_CLIENT_HELLO = 1 };

#endif
