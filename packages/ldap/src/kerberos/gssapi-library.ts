import { TokenBindingError } from "@tokbind/codec";

// MIT Kerberos' libgssapi_krb5 (RFC 2744), called by koffi outside of the main thread: it asks a KDC over the network.

/** gss_buffer_desc */
export interface GssBuffer {
  readonly length: number | bigint;
  readonly value: unknown;
}

/** gss_OID_desc */
export interface GssOid {
  readonly length: number;
  readonly elements: Buffer;
}

/** What each function returns. */
export interface GssStatus {
  readonly major: number;
  readonly minor: number;
}

/** The functions of GSS-API that a bind needs. Values come back in arrays of one member, as koffi has it. */
export interface GssLibrary {
  call(name: GssFunction, ...args: readonly unknown[]): Promise<GssStatus>;
  /** The bytes of a buffer that a function has filled, which is released. */
  take(buffer: GssBuffer): Buffer;
  /** The text for a status. */
  describe(status: GssStatus): string;
}

// Without the first argument, minor_status, which all have.
const prototypes = {
  gss_import_name: "gss_buffer_desc *name, gss_OID_desc *type, _Out_ void **result",
  gss_acquire_cred:
    "void *name, uint32_t time, void *mechs, int usage, _Out_ void **result, void *actual, void *time_rec",
  gss_set_cred_option: "_Inout_ void **cred, gss_OID_desc *option, gss_buffer_desc *value",
  gss_init_sec_context:
    "void *cred, _Inout_ void **context, void *target, gss_OID_desc *mech, uint32_t flags, uint32_t time, gss_channel_bindings_struct *bindings, gss_buffer_desc *input, void *actual, _Out_ gss_buffer_desc *output, _Out_ uint32_t *ret_flags, void *time_rec",
  gss_wrap:
    "void *context, int conf, uint32_t qop, gss_buffer_desc *input, void *conf_state, _Out_ gss_buffer_desc *output",
  gss_unwrap:
    "void *context, gss_buffer_desc *input, _Out_ gss_buffer_desc *output, void *conf_state, void *qop_state",
  gss_delete_sec_context: "_Inout_ void **context, void *output",
  gss_release_name: "_Inout_ void **name",
  gss_release_cred: "_Inout_ void **cred",
} as const;

/** A function of {@link GssLibrary}. */
export type GssFunction = keyof typeof prototypes;

const libraryName = "libgssapi_krb5.so.2";

let loaded: Promise<GssLibrary> | undefined;

/**
 * Loads it once: koffi's types have one name in a process.
 *
 * @throws TokenBindingError `unsupported_runtime` without koffi or without the library
 */
export function loadGssLibrary(): Promise<GssLibrary> {
  loaded ??= load().catch((cause: unknown) => {
    loaded = undefined;
    throw new TokenBindingError(
      "unsupported_runtime",
      `bindKerberos: expected the package koffi and MIT Kerberos' ${libraryName} (Debian: libgssapi-krb5-2), got an error: ${(cause as Error).message}`,
      { cause },
    );
  });
  return loaded;
}

async function load(): Promise<GssLibrary> {
  const { default: koffi } = await import("koffi");
  const library = koffi.load(libraryName);
  koffi.struct("gss_buffer_desc", { length: "size_t", value: "void *" });
  koffi.struct("gss_OID_desc", { length: "uint32_t", elements: "void *" });
  koffi.struct("gss_channel_bindings_struct", {
    initiator_addrtype: "uint32_t",
    initiator_address: "gss_buffer_desc",
    acceptor_addrtype: "uint32_t",
    acceptor_address: "gss_buffer_desc",
    application_data: "gss_buffer_desc",
  });
  const functionOf = (name: string, parameters: string) =>
    library.func(`uint32_t ${name}(_Out_ uint32_t *minor, ${parameters})`);
  const functions = new Map(
    Object.entries(prototypes).map(([name, parameters]) => [name, functionOf(name, parameters)]),
  );
  const releaseBuffer = functionOf("gss_release_buffer", "_Inout_ gss_buffer_desc *buffer");
  const displayStatus = functionOf(
    "gss_display_status",
    "uint32_t value, int type, void *mech, _Inout_ uint32_t *message_context, _Out_ gss_buffer_desc *text",
  );

  const take = (buffer: GssBuffer): Buffer => {
    const length = Number(buffer.length);
    const bytes =
      length === 0 ? [] : (koffi.decode(buffer.value, koffi.array("uint8_t", length)) as number[]);
    releaseBuffer([0], buffer);
    return Buffer.from(bytes);
  };
  const textOf = (value: number, type: number): string => {
    const text: [GssBuffer] = [{ length: 0, value: null }];
    displayStatus([0], value, type, null, [0], text);
    return take(text[0]).toString();
  };
  return {
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        const minor: [number] = [0];
        functions.get(name)!.async(minor, ...args, (error: unknown, major: number) => {
          if (error instanceof Error) reject(error);
          else resolve({ major, minor: minor[0] });
        });
      }),
    take,
    describe: ({ major, minor }) => `${textOf(major, 1)}: ${textOf(minor, 2)}`,
  };
}
