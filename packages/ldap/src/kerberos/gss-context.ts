import { TokenBindingError } from "@tokbind/codec";
import {
  type GssBuffer,
  type GssFunction,
  type GssLibrary,
  type GssOid,
  type GssStatus,
  loadGssLibrary,
} from "./gssapi-library.ts";

const oid = (hex: string): GssOid => ({ length: hex.length / 2, elements: Buffer.from(hex, "hex") });
const hostBasedService = oid("2a864886f71201020104"); // 1.2.840.113554.1.2.1.4
const kerberos = oid("2a864886f712010202"); // 1.2.840.113554.1.2.2
const spnego = oid("2b0601050502"); // 1.3.6.1.5.5.2
/** GSS_KRB5_CRED_NO_CI_FLAGS_X: do not ask for confidentiality and integrity by default. */
const noCiFlags = oid("2a85702b0d1d");

const mutualFlag = 2;
const initiate = 1;
const errorBits = 0xffff0000;
const continueNeeded = 1;

/** Options of a {@link GssContext}. */
export interface GssContextOptions {
  /** `ldap@HOST` */
  readonly service: string;
  readonly mechanism: "GSSAPI" | "GSS-SPNEGO";
  /** application_data of the channel bindings; undefined for none. */
  readonly applicationData: Buffer | undefined;
  /** False lets the token of GSS-SPNEGO ask to sign and seal. */
  readonly noCiFlags?: boolean;
}

/** An initiator's security context (RFC 2744), with the credentials that the process has (`kinit`, KRB5CCNAME). */
export class GssContext {
  readonly #library: GssLibrary;
  readonly #mechanism: GssOid;
  readonly #bindings: object | null;
  readonly #name: [unknown] = [null];
  readonly #credentials: [unknown] = [null];
  readonly #context: [unknown] = [null];
  /** Done when nothing runs outside of the main thread. */
  #idle: Promise<unknown> = Promise.resolve();

  private constructor(library: GssLibrary, { mechanism, applicationData }: GssContextOptions) {
    this.#library = library;
    this.#mechanism = mechanism === "GSS-SPNEGO" ? spnego : kerberos;
    const none = { length: 0, value: null };
    this.#bindings = applicationData
      ? {
          initiator_addrtype: 0,
          initiator_address: none,
          acceptor_addrtype: 0,
          acceptor_address: none,
          application_data: asBuffer(applicationData),
        }
      : null;
  }

  /** @throws TokenBindingError `kerberos`, `unsupported_runtime` */
  static async create(options: GssContextOptions): Promise<GssContext> {
    const context = new GssContext(await loadGssLibrary(), options);
    try {
      await context.#call(
        "gss_import_name",
        asBuffer(Buffer.from(options.service)),
        hostBasedService,
        context.#name,
      );
      // Otherwise SPNEGO's token asks to sign and seal, which Active Directory refuses inside TLS.
      if (options.mechanism === "GSS-SPNEGO" && options.noCiFlags !== false) {
        await context.#call("gss_acquire_cred", null, 0, null, initiate, context.#credentials, null, null);
        await context.#call(
          "gss_set_cred_option",
          context.#credentials,
          noCiFlags,
          asBuffer(Buffer.alloc(0)),
        );
      }
      return context;
    } catch (error) {
      context.dispose();
      throw error;
    }
  }

  /**
   * The next token for the acceptor, and whether the context is established.
   *
   * @param input the acceptor's last token, none at first
   * @throws TokenBindingError `kerberos`, `invalid_encoding` for an acceptor that says nothing
   */
  async step(input: Buffer | undefined): Promise<{ readonly token: Buffer; readonly isDone: boolean }> {
    // The library reads through the null pointer that an empty token is.
    if (this.#context[0] !== null && (input === undefined || input.length === 0)) {
      throw new TokenBindingError(
        "invalid_encoding",
        "expected a token of the directory's, got none (RFC 4752)",
      );
    }
    const output: [GssBuffer] = [asBuffer(Buffer.alloc(0))];
    const { major } = await this.#call(
      "gss_init_sec_context",
      this.#credentials[0],
      this.#context,
      this.#name[0],
      this.#mechanism,
      mutualFlag,
      0,
      this.#bindings,
      input ? asBuffer(input) : null,
      null,
      output,
      [0],
      null,
    );
    return { token: this.#library.take(output[0]), isDone: (major & continueNeeded) === 0 };
  }

  /** With integrity, without confidentiality. */
  async wrap(data: Buffer): Promise<Buffer> {
    const output: [GssBuffer] = [asBuffer(Buffer.alloc(0))];
    await this.#call("gss_wrap", this.#context[0], 0, 0, asBuffer(data), null, output);
    return this.#library.take(output[0]);
  }

  async unwrap(data: Buffer): Promise<Buffer> {
    const output: [GssBuffer] = [asBuffer(Buffer.alloc(0))];
    await this.#call("gss_unwrap", this.#context[0], asBuffer(data), output, null, null);
    return this.#library.take(output[0]);
  }

  /** Frees what the library holds, as soon as it does nothing any more. */
  dispose(): void {
    const release = async (name: GssFunction, value: [unknown], ...args: null[]) => {
      if (value[0] !== null) await this.#library.call(name, value, ...args);
    };
    void this.#idle
      .catch(() => undefined)
      .then(() => release("gss_delete_sec_context", this.#context, null))
      .then(() => release("gss_release_cred", this.#credentials))
      .then(() => release("gss_release_name", this.#name))
      .catch(() => undefined);
  }

  async #call(name: GssFunction, ...args: readonly unknown[]): Promise<GssStatus> {
    const call = this.#library.call(name, ...args);
    this.#idle = call;
    const status = await call;
    if ((status.major & errorBits) !== 0) {
      const reason = this.#library.describe(status);
      throw new TokenBindingError("kerberos", `expected Kerberos to go on, ${name} says: ${reason}`);
    }
    return status;
  }
}

function asBuffer(bytes: Buffer): GssBuffer {
  return { length: bytes.length, value: bytes };
}
