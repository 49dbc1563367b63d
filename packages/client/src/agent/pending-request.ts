import type { Dispatcher } from "undici";
import type { RedirectChain } from "../redirects/redirect-chain.ts";

/** A request on its way through a pool. */
export interface PendingRequest {
  readonly options: Dispatcher.DispatchOptions & {
    /** Names and values in turn, made for this request. */
    readonly headers: string[];
    readonly servername: string;
  };
  readonly handler: Dispatcher.DispatchHandler;
  /** Length of `headers` as the application gave them. */
  readonly headersLength: number;
  /** Undefined for a request alone: what follows it is not known to be its redirect. */
  readonly chain: RedirectChain | undefined;
}
