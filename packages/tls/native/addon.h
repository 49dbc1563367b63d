/* What the files of the addon share. */
#ifndef TOKBIND_ADDON_H
#define TOKBIND_ADDON_H

#include "openssl.h"
#include <node_api.h>
#include <stdbool.h>
#include <string.h>

/* Leaves an exception alone that is pending already. */
static inline napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

/* To be called with nothing that needs freeing. */
#define TRY(call) \
  if ((call) != napi_ok) return fail(env, "token_binding.node: " #call)

/* p256.c. To be called once per process, before the other. */
void prepare_p256(void);
napi_value verify_p256(napi_env env, napi_callback_info info);

#endif
