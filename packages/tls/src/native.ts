import { TokenBindingError } from "@tokbind/codec";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import loadAddon from "node-gyp-build";

/** What native/token_binding.c exports. */
export interface Native {
  /**
   * Calls `create` and gives every TLS context made meanwhile on this thread the configuration.
   *
   * @param checked - false: the bodies are sent as they are, and what comes is only stored
   * @param offer - extension body of our ClientHello; checked, it also says what we accept as a server
   * @param answer - extension body of our ServerHello or EncryptedExtensions, only when not checked
   * @returns how many contexts were made
   */
  configure(create: () => void, checked: boolean, offer?: Uint8Array, answer?: Uint8Array): number;
  /** The extension body that was agreed on, 4 bytes; undefined when Token Binding was not negotiated. */
  negotiated(finished: Uint8Array, peerFinished: Uint8Array): Uint8Array | undefined;
  /** The extension body that the peer sent, undefined when none. */
  received(finished: Uint8Array, peerFinished: Uint8Array): Uint8Array | undefined;
  /** What is alive in the whole process. */
  live(): { configurations: number; connections: number; indexed: number };
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
  const directory = fileURLToPath(new URL("..", import.meta.url));
  const loaded = load(directory);
  if (loaded.missing === undefined) return loaded;
  throw unsupported(
    `Token Binding needs a Node.js with OpenSSL's functions; ${runtime()} lacks ${loaded.missing}`,
  );
}

function load(directory: string): Native & { missing?: string } {
  try {
    return loadAddon(directory) as Native & { missing?: string };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ERR_DLOPEN_DISABLED") {
      throw unsupported("Token Binding under --permission needs --allow-addons as well", cause);
    }
    if (message.startsWith("No native build was found")) {
      const command = `node ${join(directory, "native", "build.js")}`;
      throw unsupported(
        `@tokbind/tls has no binary for ${runtime()}: build it with "${command}", which needs a C compiler`,
        cause,
      );
    }
    throw unsupported(`@tokbind/tls cannot load its addon into ${runtime()}: ${message}`, cause);
  }
}

function unsupported(sentence: string, cause?: unknown): TokenBindingError {
  return new TokenBindingError("unsupported_runtime", sentence, { cause });
}

/** For instance "node 22.23.3 on linux-x64". */
function runtime(): string {
  const name = ["bun", "deno", "electron"].find((each) => each in process.versions) ?? "node";
  return `${name} ${process.versions[name] ?? ""} on ${process.platform}-${process.arch}`;
}
