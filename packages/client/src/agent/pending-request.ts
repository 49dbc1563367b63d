import type { Dispatcher } from "undici";

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
}
