import { checkOptions, isBoolean, type OptionRule } from "@tokbind/codec/options";
import type { SessionStore } from "../stores/session-store.ts";
import { isSecrets } from "./secrets.ts";
import type { SessionCookieOptions } from "./session-cookie.ts";

/** Options of {@link BoundSession}. */
export interface BoundSessionOptions {
  /**
   * Secrets of the cookie's HMAC-SHA-256, at least 32 bytes each; copies are kept. The first signs, all verify: to
   * replace a secret, put the new one first, and drop the old one when its cookies have expired.
   */
  readonly secrets: readonly Uint8Array[];
  /** Where sessions are kept, with only a random id in the cookie. Without a store all is in the cookie. */
  readonly store?: SessionStore | undefined;
  readonly cookie?: SessionCookieOptions | undefined;
  /** Whole seconds after its beginning at which a session ends however often it is renewed. Default: never. */
  readonly maxLifetime?: number | undefined;
  /** Whole seconds that the clocks of your machines may differ by, at most 600. Default 0. */
  readonly clockTolerance?: number | undefined;
  /** Issue and honour sessions without a binding for clients that prove no key. Default false. */
  readonly acceptUnbound?: boolean | undefined;
}

const storeMethods = ["create", "read", "extend", "delete", "deleteAll"] as const;

const isStore: OptionRule = {
  expected: `a store with the methods ${storeMethods.join(", ")}`,
  test: (value) =>
    typeof value === "object" &&
    value !== null &&
    storeMethods.every((name) => typeof (value as Partial<SessionStore>)[name] === "function"),
};

/** @throws TokenBindingError `invalid_argument` */
export function checkBoundSessionOptions(options: BoundSessionOptions): void {
  checkOptions("BoundSession", options, {
    secrets: isSecrets,
    store: isStore,
    cookie: { expected: "an object of options", test: (value) => typeof value === "object" },
    maxLifetime: {
      expected: "whole seconds, 1 or more",
      test: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
    },
    clockTolerance: {
      expected: "whole seconds, 0 to 600",
      test: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 600,
    },
    acceptUnbound: isBoolean,
  });
}
