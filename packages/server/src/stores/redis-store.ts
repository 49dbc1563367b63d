import { TokenBindingError } from "@tokbind/codec";
import { checkOptions, type OptionRule } from "@tokbind/codec/options";
import { type RedisClient, send } from "./redis-client.ts";
import { createScript, deleteAllScript, deleteScript, extendScript, timeScript } from "./redis-scripts.ts";
import type { SessionStore, StoredSession } from "./session-store.ts";

/** Options of {@link RedisStore}. */
export interface RedisStoreOptions {
  readonly client: RedisClient;
  /** What all keys begin with. Default `tokbind:`; in a cluster one with a hash tag, `{tokbind}:`. */
  readonly prefix?: string | undefined;
  /** Most milliseconds to wait for an answer, 1 to 60,000. Default 2,000. */
  readonly timeout?: number | undefined;
}

const isClient: OptionRule = {
  required: true,
  expected: "a client of the package redis or ioredis",
  test: (value) => has(value, "on") && (has(value, "call") || has(value, "sendCommand")),
};

// Each waits for an answer or in the client's queue; more are refused, so that a Redis that is away takes no memory.
const maxPending = 10_000;

/**
 * Keeps sessions in Redis (5 or newer) or Valkey, where all servers share them. While it does not answer, every session is
 * refused with `session_store`, status 503; when it is back, so are the sessions. What it does with a restart is for its
 * configuration to say: with `appendonly yes` and `appendfsync always` nothing that was acknowledged is lost.
 *
 * @example
 * const client = await createClient({ url: "redis://127.0.0.1" }).on("error", console.error).connect();
 * const session = new BoundSession({ secrets, store: new RedisStore({ client }) });
 */
export class RedisStore implements SessionStore {
  readonly #client: RedisClient;
  readonly #sessions: string;
  readonly #indexes: string;
  readonly #timeout: number;
  #pending = 0;

  /** @throws TokenBindingError `invalid_argument` for unknown options and impossible values */
  constructor(options: RedisStoreOptions) {
    checkOptions("RedisStore", options, {
      client: isClient,
      prefix: { expected: "text", test: (value) => typeof value === "string" },
      timeout: {
        expected: "milliseconds, 1 to 60000",
        test: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 60_000,
      },
    });
    const { client, prefix = "tokbind:", timeout = 2_000 } = options;
    this.#client = client;
    this.#sessions = `${prefix}session:`;
    this.#indexes = `${prefix}subject:`;
    this.#timeout = timeout;
    // An event "error" that nobody hears ends the process; every command that it spoils is rejected besides.
    client.on("error", () => undefined);
  }

  async create(id: string, { data, expires, subject = "" }: StoredSession): Promise<void> {
    const keys = [this.#sessions + id, ...(subject === "" ? [] : [this.#indexes + subject])];
    const text = `${expires}:${subject}:${data}`;
    // A day ago, so that a clock that is ahead takes nothing out of the index that may still live.
    const past = Math.floor(Date.now() / 1000) - 86_400;
    await this.#eval(createScript, keys, [text, id, String(expires), toLive(expires), String(past)]);
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const key = this.#sessions + id;
    const text = await this.#send(key, ["GET", key]);
    if (text === null) return undefined;
    const [, expires, subject, data] =
      /^(\d+):([^:]*):([^]*)$/.exec((text as string | Buffer).toString()) ?? [];
    if (data === undefined) throw failure("expected a session under its key, got something else");
    // It may outlive its key's expiry, where a copy of the data was brought back for instance.
    if (Number(expires) * 1000 <= Date.now()) return undefined;
    return { data, expires: Number(expires), subject: subject === "" ? undefined : subject };
  }

  async extend(id: string, expires: number): Promise<boolean> {
    const keys = [this.#sessions + id, this.#indexes];
    return (await this.#eval(extendScript, keys, [id, String(expires), toLive(expires)])) === 1;
  }

  async delete(id: string): Promise<void> {
    await this.#eval(deleteScript, [this.#sessions + id, this.#indexes], [id]);
  }

  async deleteAll(subject: string): Promise<void> {
    const index = this.#indexes + subject;
    const last = (await this.#eval(timeScript, [index], [])) + this.#timeout;
    const done = await this.#eval(deleteAllScript, [index, this.#sessions], [String(last)]);
    if (done !== 1) throw failure("expected to delete in time, got there too late");
  }

  async #eval(script: string, keys: string[], values: string[]): Promise<number> {
    return Number(await this.#send(keys[0]!, ["EVAL", script, String(keys.length), ...keys, ...values]));
  }

  async #send(key: string, command: string[]): Promise<unknown> {
    if (this.#pending >= maxPending) {
      throw failure(`expected at most ${maxPending} commands without an answer, got one more`);
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        reject,
        this.#timeout,
        new Error(`expected an answer in ${this.#timeout} ms, got none`),
      );
    });
    try {
      return await Promise.race([this.#answer(key, command), late]);
    } catch (error) {
      // Not as the cause: errors of ioredis hold the command with all that it says.
      throw failure(error instanceof Error ? error.message : "the command failed");
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(key: string, command: string[]): Promise<unknown> {
    this.#pending++;
    try {
      return await send(this.#client, key, command);
    } finally {
      this.#pending--;
    }
  }
}

/** Milliseconds from now, at least 1. */
function toLive(expires: number): string {
  return String(Math.max(1, expires * 1000 - Date.now()));
}

function failure(message: string): TokenBindingError {
  return new TokenBindingError("session_store", `Redis: ${message}`);
}

function has(value: unknown, method: string): boolean {
  const isObject = typeof value === "object" && value !== null;
  return isObject && typeof (value as Record<string, unknown>)[method] === "function";
}
