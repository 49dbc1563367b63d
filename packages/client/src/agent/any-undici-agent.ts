import { Agent, type Dispatcher } from "undici";

/* eslint-disable @typescript-eslint/no-explicit-any -- the one type that goes with those of all versions */

/** Methods of undici's Agent that are also those of other versions. */
export type AnyUndiciMethods = {
  readonly [
    Name in
      | Exclude<keyof NodeJS.EventEmitter, symbol | "eventNames" | "getMaxListeners" | "listenerCount">
      | "connect"
      | "pipeline"
      | "request"
      | "stream"
      | "upgrade"
  ]: Agent[Name] & ((...args: any[]) => any);
};

/**
 * undici's Agent, in types that go with the dispatchers of every undici from 6 to 8. Those refuse each other, though the
 * objects work together: each takes other header fields, bodies and handlers.
 */
export interface AnyUndiciAgent
  extends Omit<Agent, keyof AnyUndiciMethods | "compose" | "dispatch">, AnyUndiciMethods {
  compose(...interceptors: Dispatcher.DispatcherComposeInterceptor[]): this;
  compose(...interceptors: any[]): this;
  dispatch(options: object, handler: object): boolean;
}

/** The class itself is undici's. */
export const AnyUndiciAgent = Agent as unknown as new (options?: Agent.Options) => AnyUndiciAgent;
