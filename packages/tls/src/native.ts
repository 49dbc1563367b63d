import { TokenBindingError } from "@tokbind/codec";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { addonPaths, packageDirectory } from "./addon-paths.ts";

/** What the addon exports: native/token_binding.c, and p256.c of verifyP256. */
export interface Native {
  /**
   * Calls `create` and gives every TLS context made meanwhile on this thread the configuration.
   *
   * @param checked - false: the bodies are sent as they are, and what comes is only stored
   * @param belowTls13 - negotiates up to TLS 1.2 only
   * @param offer - extension body of our ClientHello; checked, it also says what we accept as a server
   * @param renegotiationOffer - of our ClientHello in a renegotiation, only when not checked
   * @param answer - of our ServerHello or EncryptedExtensions, only when not checked
   * @returns how many contexts were made
   */
  configure(
    create: () => void,
    checked: boolean,
    belowTls13: boolean,
    offer?: Uint8Array,
    renegotiationOffer?: Uint8Array,
    answer?: Uint8Array,
  ): number;
  /**
   * The code of the key parameters that were agreed on, in the one version there is, and the connection's EKM written
   * to `ekm`. Undefined when Token Binding was not negotiated; null when the client offered it to a context that was made
   * outside of `configure`.
   *
   * @param ekm - 32 bytes to be filled
   */
  negotiated(finished: Uint8Array, peerFinished: Uint8Array, ekm: Uint8Array): number | null | undefined;
  /** The extension body that the peer sent, undefined when none. */
  received(finished: Uint8Array, peerFinished: Uint8Array): Uint8Array | undefined;
  /**
   * Whether a signature is good; see p256.ts.
   *
   * @param input - point (64 bytes), signature (64 bytes), data
   */
  verifyP256(input: Uint8Array): boolean;
  /** What is alive in the whole process. */
  live(): { configurations: number; connections: number; indexed: number; allocations: number };
}

let addon: Native | undefined;

/**
 * The addon, loaded at the first call, so that importing this package never fails.
 *
 * @throws TokenBindingError `unsupported_runtime`
 */
export function native(): Native {
  return (addon ??= loadNative());
}

function loadNative(): Native {
  const moduleUrl = import.meta.url as string | undefined;
  const override = process.env["TOKBIND_ADDON"];
  const paths = addonPaths({ moduleUrl, override }).map((path) => resolve(path));
  const present = paths.filter((path) => existsSync(path));
  if (present.length === 0) throw unsupported(howToGetOne(packageDirectory(moduleUrl), override, paths));
  let failure: unknown;
  for (const path of present) {
    try {
      return load(path);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function load(path: string): Native {
  const module: { exports: Partial<Native> & { missing?: string } } = { exports: {} };
  try {
    // Not by require, which a bundler would follow and an ES module doesn't have.
    process.dlopen(module, path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ERR_DLOPEN_DISABLED") {
      throw unsupported("Token Binding under --permission needs --allow-addons as well", cause);
    }
    throw unsupported(`@tokbind/tls cannot load its addon into ${runtime()}: ${message}`, cause);
  }
  const { missing } = module.exports;
  if (missing === undefined) return module.exports as Native;
  throw unsupported(`Token Binding needs a Node.js with OpenSSL's functions; ${runtime()} lacks ${missing}`);
}

function howToGetOne(
  root: string | undefined,
  override: string | undefined,
  paths: readonly string[],
): string {
  if (override)
    return `TOKBIND_ADDON: expected the path of token_binding.node, got ${paths.join()}, which does not exist`;
  const script = root && join(root, "native", "build.js");
  if (script && existsSync(script)) {
    return `@tokbind/tls has no binary for ${runtime()}: build it with "node ${script}", which needs a C compiler`;
  }
  return (
    "@tokbind/tls cannot find its addon, a .node file that bundlers leave behind: keep @tokbind/tls out of the bundle " +
    "(as an external package), or set the environment variable TOKBIND_ADDON to the path of the file"
  );
}

function unsupported(sentence: string, cause?: unknown): TokenBindingError {
  return new TokenBindingError("unsupported_runtime", sentence, { cause });
}

/** For instance "node 22.23.3 on linux-x64". */
function runtime(): string {
  const name = ["bun", "deno", "electron"].find((each) => each in process.versions) ?? "node";
  return `${name} ${process.versions[name] ?? ""} on ${process.platform}-${process.arch}`;
}
