import type { TLSSocket } from "node:tls";
import {
  channelBinding,
  type EndPointOptions,
  type GssChannelBindings,
  gssChannelBindings,
} from "@tokbind/channel-binding";

/** What Active Directory calls the channel binding token: always tls-server-end-point, in TLS 1.3 too. */
export function channelBindingToken(socket: TLSSocket, options: EndPointOptions): GssChannelBindings {
  return gssChannelBindings("tls-server-end-point", channelBinding(socket, "tls-server-end-point", options));
}
