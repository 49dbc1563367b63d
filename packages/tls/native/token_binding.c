/*
 * TLS extension 24, token_binding (RFC 8472), on Node's own OpenSSL.
 *
 * A configuration belongs to an SSL_CTX and a connection's state to its SSL; both hang in OpenSSL's ex_data and die
 * with their owner. JavaScript finds a connection by its two Finished messages. Worker threads share one copy of this
 * file's variables: the index by Finished, guarded by a mutex, and four counters.
 */
#include "addon.h"
#include <stdlib.h>

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

/* Extension bodies. Those of a renegotiation and the answer belong to unchecked configurations only. */
enum { OFFER, RENEGOTIATION_OFFER, ANSWER, BODIES };

/*
 * Checked: RFC 8472 is kept to. The offer says what we speak in either role, the one version and the key parameters,
 * most preferred first. Unchecked: the bodies are sent as they are, and what comes is stored.
 */
struct configuration {
  bool checked;
  bool below_tls13; /* checked: negotiates up to TLS 1.2 only, for peers that do not know RFC 8472 in TLS 1.3 */
  bool present[BODIES];
  size_t start[BODIES], length[BODIES];
  uint8_t bytes[]; /* one after the other */
};

/* What withTokenBinding is doing on this thread: every SSL_CTX made meanwhile is given a copy of the configuration. */
struct creation {
  const struct configuration *configuration;
  size_t size;
  uint32_t contexts;
};
static _Thread_local struct creation *creation;

static int configuration_index = -1, connection_index = -1;
static _Atomic uint32_t live_configurations, live_connections, indexed_connections, live_allocations;

/* Counted, so that tests see every single block that is left. */
static void *allocate(size_t size) {
  void *block = calloc(1, size);
  if (block) live_allocations++;
  return block;
}

static void release(void *block) {
  if (block) live_allocations--;
  free(block);
}

static const struct configuration *configuration_of(const SSL *ssl) {
  return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), configuration_index);
}

struct connection {
  SSL *ssl;                /* whose ex_data this is */
  struct connection *next; /* in the same bucket of the index */
  info_callback *inner;    /* Node's own, which ours stands before */
  bool foreign;            /* server: the client offered, but the context has no configuration */
  bool indexed, negotiated;
  bool extended_master_secret;   /* server: will be negotiated; client: was in the ServerHello */
  uint8_t answer[ANSWER_LENGTH]; /* as sent or accepted, when negotiated */
  uint8_t *received;             /* the peer's extension body, NULL if there was none */
  size_t received_length, finished_length;
  uint8_t finished[2 * EVP_MAX_MD_SIZE]; /* ours, then the peer's: unique to a handshake */
};

/* Finished messages are output of a hash, so four bytes of one serve as the hash of this table. */
#ifndef BUCKETS /* few in the sanitized build, so that connections share them */
#define BUCKETS (1 << 14)
#endif
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
  connection = allocate(sizeof *connection);
  if (!connection || !SSL_set_ex_data(ssl, connection_index, connection)) {
    release(connection);
    return NULL;
  }
  live_connections++;
  connection->ssl = ssl;
  connection->inner = SSL_get_info_callback(ssl);
  SSL_set_info_callback(ssl, on_information);
  return connection;
}

/* Each body that comes starts anew: there may be a second ClientHello, after HelloRetryRequest. */
static bool restart(struct connection *connection, const uint8_t *received, size_t length) {
  uint8_t *copy = allocate(length ? length : 1);
  if (!copy) return false;
  memcpy(copy, received, length);
  lock();
  release(connection->received);
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

/* One ClientHello serves every version, so an offer that is meant for TLS 1.2 alone shows in TLS 1.3 as well. */
static bool negotiates_in(const struct configuration *configuration, unsigned message) {
  return !(configuration->below_tls13 && message == SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS);
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
  const int body = is_first_handshake(ssl) ? OFFER : RENEGOTIATION_OFFER;
  if (!configuration || !configuration->present[body]) return 0;
  *alert = SSL_AD_INTERNAL_ERROR;
  if (!connection_of(ssl)) return -1;
  SSL_callback_ctrl(ssl, SSL_CTRL_SET_TLSEXT_DEBUG_CB, (void (*)(void))on_received_extension);
  *out = configuration->bytes + configuration->start[body]; /* lives as long as the SSL_CTX, which the SSL holds */
  *length = configuration->length[body];
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
    *out = configuration->bytes + configuration->start[ANSWER];
    *length = configuration->length[ANSWER];
    return configuration->present[ANSWER];
  }
  const uint8_t *spoken = configuration->bytes, *offer = connection->received;
  if (!well_formed(offer, connection->received_length)) return 0;
  if (!negotiates_in(configuration, message) || !is_first_handshake(ssl)) return 0;
  if (!is_protected(ssl, connection, message)) return 0;
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
  *alert = SSL_AD_UNSUPPORTED_EXTENSION; /* RFC 8472 section 4; its first case, unasked, is OpenSSL's */
  if (!negotiates_in(configuration, message)) return 0;
  if (!well_formed(answer, connection->received_length)) {
    *alert = SSL_AD_DECODE_ERROR; /* */
    return 0;
  }
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

/* ---- Contexts that nobody configured ---- */

/* A message whose lengths nobody has checked. At its end, what is read is 0. */
struct unread {
  const uint8_t *at;
  size_t left;
};

static void skip(struct unread *unread, size_t size) {
  if (size > unread->left) size = unread->left;
  unread->at += size;
  unread->left -= size;
}

static size_t take_number(struct unread *unread, size_t size) {
  size_t number = 0;
  for (size_t i = 0; i < size && unread->left; i++, skip(unread, 1)) number = number << 8 | *unread->at;
  return number;
}

/* RFC 8446 section 4.1.2. */
static bool client_hello_offers(struct unread hello) {
  skip(&hello, 4 + 2 + 32);             /* header, version, random */
  skip(&hello, take_number(&hello, 1)); /* session ID */
  skip(&hello, take_number(&hello, 2)); /* cipher suites */
  skip(&hello, take_number(&hello, 1)); /* compression methods */
  skip(&hello, 2);
  while (hello.left) {
    if (take_number(&hello, 2) == TOKEN_BINDING) return true;
    skip(&hello, take_number(&hello, 2));
  }
  return false;
}

/*
 * Notes that a client offered what nobody will answer, so that JavaScript can say that this listener lost Token
 * Binding. The extension is not registered: OpenSSL passes over it, as it would without us. Of a connection only the
 * first message counts, so a client is let go when it writes its own.
 */
static void on_message(int is_written, int version, int content_type, const void *message, size_t length, SSL *ssl,
                       void *arg) {
  if (!is_written && content_type != SSL3_RT_HANDSHAKE) return; /* the head of its record */
  SSL_set_msg_callback(ssl, NULL);
  if (is_written || !length || *(const uint8_t *)message != SSL3_MT_CLIENT_HELLO) return;
  if (!client_hello_offers((struct unread){message, length})) return;
  struct connection *connection = connection_of(ssl);
  if (connection) connection->foreign = true;
}

/* ---- Life and death of OpenSSL's objects ---- */

/*
 * Called from within SSL_CTX_new, the only moment that comes before the first SSL copies the extensions of its
 * context: tls.connect makes both in one go. In OpenSSL 3.0 to 4.0 all that SSL_CTX_add_custom_ext needs is in
 * place by then.
 */
static void on_context_created(void *ctx, void *data, CRYPTO_EX_DATA *ex_data, int index, long argl, void *argp) {
  if (!creation) {
    SSL_CTX_set_msg_callback(ctx, on_message);
    return;
  }
  unsigned messages = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS;
  struct configuration *configuration = allocate(creation->size);
  if (!configuration) return;
  memcpy(configuration, creation->configuration, creation->size);
  if (!SSL_CTX_set_ex_data(ctx, index, configuration)) {
    release(configuration);
    return;
  }
  live_configurations++;
  if (SSL_CTX_add_custom_ext(ctx, TOKEN_BINDING, messages, on_add, NULL, NULL, on_parse, NULL)) creation->contexts++;
}

/* The two below may run in garbage collection: no JavaScript here. */
static void on_context_freed(void *ctx, void *data, CRYPTO_EX_DATA *ex_data, int index, long argl, void *argp) {
  if (data) live_configurations--;
  release(data);
}

static void on_connection_freed(void *ssl, void *data, CRYPTO_EX_DATA *ex_data, int index, long argl, void *argp) {
  struct connection *connection = data;
  if (!connection) return;
  lock();
  remove_from_index(connection);
  unlock();
  live_connections--;
  release(connection->received);
  release(connection);
}

/* ---- Node-API ---- */

/* A Uint8Array, possibly empty, or undefined. */
static napi_status get_bytes(napi_env env, napi_value value, bool *present, uint8_t **bytes, size_t *length) {
  napi_valuetype type;
  napi_status status = napi_typeof(env, value, &type);
  *length = 0;
  *present = status == napi_ok && type != napi_undefined;
  return *present ? napi_get_buffer_info(env, value, (void **)bytes, length) : status;
}

/* configure(create, checked, belowTls13, offer?, renegotiationOffer?, answer?): how many contexts create() made. */
static napi_value configure(napi_env env, napi_callback_info info) {
  enum { CREATE, CHECKED, BELOW_TLS13, FIRST_BODY, ARGUMENTS = FIRST_BODY + BODIES };
  napi_value arguments[ARGUMENTS], global, result;
  size_t argument_count = ARGUMENTS, size = sizeof(struct configuration);
  struct configuration head = {0};
  uint8_t *bodies[BODIES] = {0};
  TRY(napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL));
  TRY(napi_get_value_bool(env, arguments[CHECKED], &head.checked));
  TRY(napi_get_value_bool(env, arguments[BELOW_TLS13], &head.below_tls13));
  for (int i = 0; i < BODIES; i++) {
    TRY(get_bytes(env, arguments[FIRST_BODY + i], &head.present[i], &bodies[i], &head.length[i]));
    head.start[i] = size - sizeof head;
    size += head.length[i];
  }
  TRY(napi_get_global(env, &global));
  if (head.checked && !well_formed(bodies[OFFER], head.length[OFFER]))
    return fail(env, "token_binding.c: malformed offer");

  struct configuration *configuration = allocate(size);
  if (!configuration) return fail(env, "token_binding.c: out of memory");
  *configuration = head;
  for (int i = 0; i < BODIES; i++)
    if (head.length[i]) memcpy(configuration->bytes + head.start[i], bodies[i], head.length[i]);

  struct creation current = {configuration, size, 0}, *outer = creation;
  creation = &current;
  napi_status status = napi_call_function(env, global, arguments[CREATE], 0, NULL, &result);
  creation = outer;
  release(configuration);
  TRY(status);
  TRY(napi_create_uint32(env, current.contexts, &result));
  return result;
}

/* Both Finished messages, of the arguments (finished, peerFinished), as the index has them. */
static bool get_finished(napi_env env, const napi_value *arguments, uint8_t *finished, size_t *length) {
  *length = 0;
  for (int i = 0; i < 2; i++) {
    void *bytes;
    size_t size;
    TRY(napi_get_buffer_info(env, arguments[i], &bytes, &size));
    if (size < sizeof(uint32_t) || size > EVP_MAX_MD_SIZE) return fail(env, "token_binding.c: no Finished message");
    memcpy(finished + *length, bytes, size);
    *length += size;
  }
  return true;
}

/*
 * negotiated(finished, peerFinished, ekm): the key parameters that were agreed on, and the connection's EKM in the 32
 * bytes of `ekm`; undefined when there are none, null when that is so because the context is not ours.
 */
static napi_value negotiated(napi_env env, napi_callback_info info) {
  static const char label[] = "EXPORTER-Token-Binding"; /* RFC 8471 section 3.3 */
  napi_value arguments[3], result;
  size_t argument_count = 3, length, ekm_length;
  uint8_t finished[2 * EVP_MAX_MD_SIZE], *ekm;
  TRY(napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL));
  TRY(napi_get_buffer_info(env, arguments[2], (void **)&ekm, &ekm_length));
  if (!get_finished(env, arguments, finished, &length)) return NULL;
  lock();
  const struct connection *connection = find_by_finished(finished, length);
  SSL *ssl = connection && connection->negotiated ? connection->ssl : NULL;
  bool is_foreign = connection && connection->foreign;
  uint8_t key_parameters = ssl ? connection->answer[LIST] : 0;
  unlock();

  if (ssl) { /* of this thread, as is whoever has its Finished messages */
    /* Without a context: an empty one gives another value up to TLS 1.2. */
    if (SSL_export_keying_material(ssl, ekm, ekm_length, label, sizeof label - 1, NULL, 0, 0) != 1)
      return fail(env, "token_binding.c: no keying material");
    TRY(napi_create_uint32(env, key_parameters, &result));
  } else if (is_foreign) {
    TRY(napi_get_null(env, &result));
  } else {
    TRY(napi_get_undefined(env, &result));
  }
  return result;
}

/* received(finished, peerFinished): the body that the peer sent, or undefined. */
static napi_value received(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t finished[2 * EVP_MAX_MD_SIZE], *copy = NULL;
  size_t argument_count = 2, length, size = 0;
  TRY(napi_get_cb_info(env, info, &argument_count, arguments, NULL, NULL));
  if (!get_finished(env, arguments, finished, &length)) return NULL;
  lock();
  const struct connection *connection = find_by_finished(finished, length);
  if (connection && connection->received) {
    size = connection->received_length;
    if ((copy = allocate(size ? size : 1))) memcpy(copy, connection->received, size);
  }
  unlock();

  /* Without the mutex: making a Buffer may collect garbage, and that frees connections. */
  napi_value result;
  napi_status status = copy ? napi_create_buffer_copy(env, size, copy, NULL, &result) : napi_get_undefined(env, &result);
  release(copy);
  TRY(status);
  return result;
}

/* live(): how much is alive in the whole process, for tests of leaks. */
static napi_value live(napi_env env, napi_callback_info info) {
  const uint32_t numbers[] = {live_configurations, live_connections, indexed_connections, live_allocations};
  static const char *const names[] = {"configurations", "connections", "indexed", "allocations"};
  napi_value result, value;
  TRY(napi_create_object(env, &result));
  for (int i = 0; i < 4; i++) {
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
    prepare_p256();
  }
  unlock();
  const napi_property_descriptor functions[] = {
      {"configure", NULL, configure, NULL, NULL, NULL, napi_enumerable, NULL},
      {"negotiated", NULL, negotiated, NULL, NULL, NULL, napi_enumerable, NULL},
      {"received", NULL, received, NULL, NULL, NULL, napi_enumerable, NULL},
      {"verifyP256", NULL, verify_p256, NULL, NULL, NULL, napi_enumerable, NULL},
      {"live", NULL, live, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  TRY(napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions));
  return exports;
}
