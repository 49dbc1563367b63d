/*
 * TLS extension 24, token_binding (RFC 8472), on Node's own OpenSSL.
 *
 * A configuration belongs to an SSL_CTX and a connection's state to its SSL; both hang in OpenSSL's ex_data and die
 * with their owner. JavaScript finds a connection by its two Finished messages. Worker threads share one copy of this
 * file's variables: the index by Finished, guarded by a mutex, and three counters.
 */
#include "openssl.h"
#include <node_api.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
static SRWLOCK mutex = SRWLOCK_INIT;
static void lock(void) { AcquireSRWLockExclusive(&mutex); }
static void unlock(void) { ReleaseSRWLockExclusive(&mutex); }
#else
#include <pthread.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void lock(void) { pthread_mutex_lock(&mutex); }
static void unlock(void) { pthread_mutex_unlock(&mutex); }
#endif

/* TokenBindingParameters, RFC 8472 section 2: major, minor, length of the list, the list. */
enum { TOKEN_BINDING = 24, LIST_LENGTH = 2, LIST = 3, ANSWER_LENGTH = 4 };

/*
 * Checked: RFC 8472 is kept to. The offer says what we speak in either role, the one version and the key parameters
 * in falling preference; there is no answer. Unchecked: both bodies are sent as they are, and what comes is stored.
 */
struct configuration {
  bool checked, has_offer, has_answer;
  size_t offer_length, answer_length;
  uint8_t bytes[]; /* the offer, then the answer */
};

/* What withTokenBinding is doing on this thread: every SSL_CTX made meanwhile is given a copy of the configuration. */
struct creation {
  const struct configuration *configuration;
  uint32_t contexts;
};
static _Thread_local struct creation *creation;

static int configuration_index = -1, connection_index = -1;
static _Atomic uint32_t live_configurations, live_connections, indexed_connections;

static const struct configuration *configuration_of(const SSL *ssl) {
  return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), configuration_index);
}

struct connection {
  struct connection *next; /* in the same bucket of the index */
  info_callback *inner;    /* Node's own, which ours stands before */
  bool indexed, negotiated;
  bool extended_master_secret;   /* server: will be negotiated; client: was in the ServerHello */
  uint8_t answer[ANSWER_LENGTH]; /* as sent or accepted, when negotiated */
  uint8_t *received;             /* the peer's extension body, NULL if there was none */
  size_t received_length, finished_length;
  uint8_t finished[2 * EVP_MAX_MD_SIZE]; /* ours, then the peer's: unique to a handshake */
};

/* Finished messages are output of a hash, so four bytes of one serve as the hash of this table. */
enum { BUCKETS = 1 << 14 };
static struct connection *buckets[BUCKETS];

static struct connection **bucket_of(const uint8_t *finished) {
  uint32_t hash;
  memcpy(&hash, finished, sizeof hash);
  return &buckets[hash % BUCKETS];
}

static void remove_from_index(struct connection *connection) {
  if (!connection->indexed) return;
  struct connection **link = bucket_of(connection->finished);
  while (*link != connection) link = &(*link)->next;
  *link = connection->next;
  connection->indexed = false;
  indexed_connections--;
}

static void index_by_finished(const SSL *ssl, struct connection *connection) {
  lock();
  remove_from_index(connection);
  size_t own = SSL_get_finished(ssl, connection->finished, EVP_MAX_MD_SIZE);
  size_t peer = SSL_get_peer_finished(ssl, connection->finished + own, EVP_MAX_MD_SIZE);
  connection->finished_length = own + peer;
  struct connection **bucket = bucket_of(connection->finished);
  connection->next = *bucket;
  *bucket = connection;
  connection->indexed = true;
  indexed_connections++;
  unlock();
}

/* To be called with the mutex held. */
static const struct connection *find_by_finished(const uint8_t *finished, size_t length) {
  const struct connection *connection = *bucket_of(finished);
  while (connection && !(connection->finished_length == length && !memcmp(connection->finished, finished, length)))
    connection = connection->next;
  return connection;
}

static void on_information(const SSL *ssl, int where, int value) {
  struct connection *connection = SSL_get_ex_data(ssl, connection_index);
  info_callback *inner = connection->inner;
  if (where & SSL_CB_HANDSHAKE_DONE) index_by_finished(ssl, connection);
  /* Runs JavaScript, which may free the SSL and with it the connection. */
  if (inner) inner(ssl, where, value);
}

static struct connection *connection_of(SSL *ssl) {
  struct connection *connection = SSL_get_ex_data(ssl, connection_index);
  if (connection) return connection;
  connection = calloc(1, sizeof *connection);
  if (!connection || !SSL_set_ex_data(ssl, connection_index, connection)) {
    free(connection);
    return NULL;
  }
  live_connections++;
  connection->inner = SSL_get_info_callback(ssl);
  SSL_set_info_callback(ssl, on_information);
  return connection;
}

/* Each body that comes starts anew: there may be a second ClientHello, after HelloRetryRequest. */
static bool restart(struct connection *connection, const uint8_t *received, size_t length) {
  uint8_t *copy = malloc(length ? length : 1);
  if (!copy) return false;
  memcpy(copy, received, length);
  lock();
  free(connection->received);
  connection->received = copy;
  connection->received_length = length;
  connection->negotiated = false;
  unlock();
  return true;
}

/* ---- Negotiation, RFC 8472 sections 2 to 4 ---- */

static bool well_formed(const uint8_t *body, size_t length) {
  return length > LIST && body[LIST_LENGTH] == length - LIST;
}

/* Major and minor have no meaning apart from their order. */
static unsigned version_of(const uint8_t *body) { return (unsigned)body[0] << 8 | body[1]; }

static bool lists(const uint8_t *body, uint8_t key_parameters) {
  return memchr(body + LIST, key_parameters, body[LIST_LENGTH]) != NULL;
}

/* As OpenSSL defines it. A renegotiation never negotiates Token Binding. */
static bool is_first_handshake(const SSL *ssl) {
  uint8_t unused[EVP_MAX_MD_SIZE];
  return !SSL_get_finished(ssl, unused, sizeof unused) || !SSL_get_peer_finished(ssl, unused, sizeof unused);
}

/* Up to TLS 1.2: Extended Master Secret and Renegotiation Indication (RFC 8472 section 3, A-17, A-38). */
static bool is_protected(SSL *ssl, const struct connection *connection, unsigned message) {
  return message == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS ||
         (connection->extended_master_secret && SSL_ctrl(ssl, SSL_CTRL_GET_RI_SUPPORT, 0, NULL) == 1);
}

static void agree(SSL *ssl, struct connection *connection, unsigned version, uint8_t key_parameters) {
  const uint8_t answer[ANSWER_LENGTH] = {(uint8_t)(version >> 8), (uint8_t)version, 1, key_parameters};
  memcpy(connection->answer, answer, ANSWER_LENGTH);
  connection->negotiated = true;
  SSL_set_options(ssl, SSL_OP_NO_RENEGOTIATION); /* */
}

/* OpenSSL calls this for each extension of a message before any of them is parsed. */
static void on_received_extension(SSL *ssl, int from_server, int type, const uint8_t *data, int length, void *arg) {
  struct connection *connection = SSL_get_ex_data(ssl, connection_index);
  if (connection && type == TLSEXT_TYPE_extended_master_secret) connection->extended_master_secret = true;
}

static int add_offer(SSL *ssl, const uint8_t **out, size_t *length, int *alert) {
  const struct configuration *configuration = configuration_of(ssl);
  if (!configuration || !configuration->has_offer || !is_first_handshake(ssl)) return 0;
  *alert = SSL_AD_INTERNAL_ERROR;
  if (!connection_of(ssl)) return -1;
  SSL_callback_ctrl(ssl, SSL_CTRL_SET_TLSEXT_DEBUG_CB, (void (*)(void))on_received_extension);
  *out = configuration->bytes; /* lives as long as the SSL_CTX, which the SSL holds */
  *length = configuration->offer_length;
  return 1;
}

static int parse_offer(SSL *ssl, struct connection *connection, int *alert) {
  const struct configuration *configuration = configuration_of(ssl);
  const uint8_t *unused;
  size_t unused_length;
  /* What OpenSSL will do about it cannot be asked yet; the ClientHello can be read only now. */
  connection->extended_master_secret =
      !(SSL_get_options(ssl) & SSL_OP_NO_EXTENDED_MASTER_SECRET) &&
      SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_extended_master_secret, &unused, &unused_length) == 1;
  if (!configuration || !configuration->checked) return 1;
  *alert = SSL_AD_DECODE_ERROR; /* */
  return well_formed(connection->received, connection->received_length);
}

/* The listener's default context decides: of the one that SNI chooses Node takes the certificate only. */
static int add_answer(SSL *ssl, unsigned message, const uint8_t **out, size_t *length) {
  struct connection *connection = SSL_get_ex_data(ssl, connection_index);
  const struct configuration *configuration = configuration_of(ssl);
  if (!connection || !configuration) return 0;
  if (!configuration->checked) {
    *out = configuration->bytes + configuration->offer_length;
    *length = configuration->answer_length;
    return configuration->has_answer;
  }
  const uint8_t *spoken = configuration->bytes, *offer = connection->received;
  if (!well_formed(offer, connection->received_length)) return 0;
  if (!is_first_handshake(ssl) || !is_protected(ssl, connection, message)) return 0;
  /* The answer is the lower of the two versions, and below ours is none that we speak. */
  if (version_of(offer) < version_of(spoken)) return 0;
  for (unsigned i = 0; i < spoken[LIST_LENGTH]; i++) {
    if (!lists(offer, spoken[LIST + i])) continue;
    agree(ssl, connection, version_of(spoken), spoken[LIST + i]);
    *out = connection->answer;
    *length = ANSWER_LENGTH;
    return 1;
  }
  return 0;
}

static int parse_answer(SSL *ssl, unsigned message, struct connection *connection, int *alert) {
  const struct configuration *configuration = configuration_of(ssl);
  if (!configuration || !configuration->checked) return 1;
  const uint8_t *offer = configuration->bytes, *answer = connection->received;
  *alert = SSL_AD_DECODE_ERROR; /* */
  if (!well_formed(answer, connection->received_length)) return 0;
  *alert = SSL_AD_UNSUPPORTED_EXTENSION; /* RFC 8472 section 4; its first case, unasked, is OpenSSL's */
  if (version_of(answer) > version_of(offer) || answer[LIST_LENGTH] != 1 || !lists(offer, answer[LIST])) return 0;
  if (!is_protected(ssl, connection, message)) return 0;
  /* A lower version, which we do not speak: the connection goes on without Token Binding (section 2, A-15). */
  if (version_of(answer) == version_of(offer)) agree(ssl, connection, version_of(answer), answer[LIST]);
  return 1;
}

static int on_add(SSL *ssl, unsigned type, unsigned message, const uint8_t **out, size_t *length, X509 *x,
                  size_t chain_index, int *alert, void *arg) {
  return message == SSL_EXT_CLIENT_HELLO ? add_offer(ssl, out, length, alert) : add_answer(ssl, message, out, length);
}

static int on_parse(SSL *ssl, unsigned type, unsigned message, const uint8_t *in, size_t length, X509 *x,
                    size_t chain_index, int *alert, void *arg) {
  struct connection *connection = connection_of(ssl);
  *alert = SSL_AD_INTERNAL_ERROR;
  if (!connection || !restart(connection, in, length)) return 0;
  if (message == SSL_EXT_CLIENT_HELLO) return parse_offer(ssl, connection, alert);
  return parse_answer(ssl, message, connection, alert);
}

/* ---- Life and death of OpenSSL's objects ---- */

/*
 * Called from within SSL_CTX_new, the only moment that comes before the first SSL copies the extensions of its
 * context: tls.connect makes both in one go. In OpenSSL 3.0 to 4.0 all that SSL_CTX_add_custom_ext needs is in
 * place by then.
 */
static void on_context_created(void *ctx, void *data, CRYPTO_EX_DATA *ex_data, int index, long argl, void *argp) {
  if (!creation) return;
  unsigned messages = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS;
  const struct configuration *original = creation->configuration;
  size_t size = sizeof *original + original->offer_length + original->answer_length;
  struct configuration *configuration = malloc(size);
  if (!configuration) return;
  memcpy(configuration, original, size);
  if (!SSL_CTX_set_ex_data(ctx, index, configuration)) {
    free(configuration);
    return;
  }
  live_configurations++;
  if (SSL_CTX_add_custom_ext(ctx, TOKEN_BINDING, messages, on_add, NULL, NULL, on_parse, NULL)) creation->contexts++;
}

/* The two below may run in garbage collection: no JavaScript here. */
static void on_context_freed(void *ctx, void *data, CRYPTO_EX_DATA *ex_data, int index, long argl, void *argp) {
  if (data) live_configurations--;
  free(data);
}

static void on_connection_freed(void *ssl, void *data, CRYPTO_EX_DATA *ex_data, int index, long argl, void *argp) {
  struct connection *connection = data;
  if (!connection) return;
  lock();
  remove_from_index(connection);
  unlock();
  live_connections--;
  free(connection->received);
  free(connection);
}

/* ---- Node-API ---- */

/* Leaves an exception alone that is pending already. */
static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

/* To be called with nothing that needs freeing. */
#define TRY(call) \
  if ((call) != napi_ok) return fail(env, "token_binding.c: " #call)

/* A Uint8Array, possibly empty, or undefined. */
static napi_status get_bytes(napi_env env, napi_value value, bool *present, uint8_t **bytes, size_t *length) {
  napi_valuetype type;
  napi_status status = napi_typeof(env, value, &type);
  *length = 0;
  *present = status == napi_ok && type != napi_undefined;
  return *present ? napi_get_buffer_info(env, value, (void **)bytes, length) : status;
}

/* configure(create, checked, offer?, answer?): the number of contexts that create() made. */
static napi_value configure(napi_env env, napi_callback_info info) {
  napi_value arguments[4], global, result;
  size_t argument_count = 4, offer_length, answer_length;
  uint8_t *offer, *answer;
  bool checked, has_offer, has_answer;
  TRY(napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL));
  TRY(napi_get_value_bool(env, arguments[1], &checked));
  TRY(get_bytes(env, arguments[2], &has_offer, &offer, &offer_length));
  TRY(get_bytes(env, arguments[3], &has_answer, &answer, &answer_length));
  TRY(napi_get_global(env, &global));
  if (checked && !well_formed(offer, offer_length)) return fail(env, "token_binding.c: malformed offer");

  struct configuration *configuration = malloc(sizeof *configuration + offer_length + answer_length);
  if (!configuration) return fail(env, "token_binding.c: out of memory");
  *configuration = (struct configuration){checked, has_offer, has_answer, offer_length, answer_length};
  if (offer_length) memcpy(configuration->bytes, offer, offer_length);
  if (answer_length) memcpy(configuration->bytes + offer_length, answer, answer_length);

  struct creation current = {configuration, 0}, *outer = creation;
  creation = &current;
  napi_status status = napi_call_function(env, global, arguments[0], 0, NULL, &result);
  creation = outer;
  free(configuration);
  TRY(status);
  TRY(napi_create_uint32(env, current.contexts, &result));
  return result;
}

/* negotiated(finished, peerFinished): the body that was agreed on; received(…): that the peer sent; or undefined. */
enum { NEGOTIATED, RECEIVED };
static napi_value look_up(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  size_t argument_count = 2, length = 0, size = 0;
  uint8_t finished[2 * EVP_MAX_MD_SIZE], *copy = NULL;
  void *wanted;
  TRY(napi_get_cb_info(env, info, &argument_count, arguments, NULL, &wanted));
  for (int i = 0; i < 2; i++) {
    bool present;
    uint8_t *bytes;
    TRY(get_bytes(env, arguments[i], &present, &bytes, &size));
    if (size < sizeof(uint32_t) || size > EVP_MAX_MD_SIZE) return fail(env, "token_binding.c: no Finished message");
    memcpy(finished + length, bytes, size);
    length += size;
  }

  lock();
  const struct connection *connection = find_by_finished(finished, length);
  const uint8_t *body = NULL;
  if (connection && wanted == (void *)RECEIVED) {
    body = connection->received;
    size = connection->received_length;
  } else if (connection && connection->negotiated) {
    body = connection->answer;
    size = ANSWER_LENGTH;
  }
  if (body && (copy = malloc(size ? size : 1))) memcpy(copy, body, size);
  unlock();

  /* Without the mutex: making a Buffer may collect garbage, and that frees connections. */
  napi_status status = copy ? napi_create_buffer_copy(env, size, copy, NULL, &result) : napi_get_undefined(env, &result);
  free(copy);
  TRY(status);
  return result;
}

/* live(): how much is alive in the whole process, for tests of leaks. */
static napi_value live(napi_env env, napi_callback_info info) {
  napi_value result, value;
  const uint32_t numbers[] = {live_configurations, live_connections, indexed_connections};
  static const char *const names[] = {"configurations", "connections", "indexed"};
  TRY(napi_create_object(env, &result));
  for (int i = 0; i < 3; i++) {
    TRY(napi_create_uint32(env, numbers[i], &value));
    TRY(napi_set_named_property(env, result, names[i], value));
  }
  return result;
}

/* What this runtime lacks, or NULL. */
static const char *missing(void) {
#if !defined(_WIN32)
#define REQUIRE(result, name, parameters) \
  if (!name) return #name;
  OPENSSL_FUNCTIONS(REQUIRE)
#endif
  unsigned long major = OpenSSL_version_num() >> 28;
  return major == 3 || major == 4 ? NULL : "OpenSSL 3 or 4";
}

NAPI_MODULE_INIT(/* env, exports */) {
  const char *lack = missing();
  if (lack) { /* not thrown, for Deno goes on without a word then */
    napi_value value;
    TRY(napi_create_string_utf8(env, lack, NAPI_AUTO_LENGTH, &value));
    TRY(napi_set_named_property(env, exports, "missing", value));
    return exports;
  }
  /* Once per process, though every worker thread loads the addon. */
  lock();
  if (connection_index < 0) {
    configuration_index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, on_context_created, NULL,
                                                  on_context_freed);
    connection_index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, NULL, NULL, on_connection_freed);
  }
  unlock();
  const napi_property_descriptor functions[] = {
      {"configure", NULL, configure, NULL, NULL, NULL, napi_enumerable, NULL},
      {"negotiated", NULL, look_up, NULL, NULL, NULL, napi_enumerable, (void *)NEGOTIATED},
      {"received", NULL, look_up, NULL, NULL, NULL, napi_enumerable, (void *)RECEIVED},
      {"live", NULL, live, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  TRY(napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions));
  return exports;
}
