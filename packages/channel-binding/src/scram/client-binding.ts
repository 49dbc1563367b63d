import type { TLSSocket } from "node:tls";
import { checkOptions, type OptionRule } from "@tokbind/codec/options";
import {
  channelBinding,
  type ChannelBindingType,
  defaultChannelBindingType,
  isChannelBindingType,
} from "../channel-binding.ts";
import { type EndPointOptions, endPointRules } from "../server-end-points.ts";

/** The connection that a login is bound to. */
export interface SocketBinding extends EndPointOptions {
  /** The TLS connection over which the login goes. */
  readonly socket: TLSSocket;
  /** Default: tls-exporter in TLS 1.3, tls-unique below (RFC 9266 section 3). PostgreSQL takes tls-server-end-point. */
  readonly type?: ChannelBindingType | undefined;
}

/** A channel binding that comes from elsewhere, another TLS stack for example. */
export interface ChannelBindingData {
  /** cb-name: letters, digits, "." and "-" */
  readonly type: string;
  readonly data: Uint8Array;
}

/** The type of a binding, and its data at the moment of use. Errors come at once, before anything is sent. */
export function resolveBinding(binding: SocketBinding | ChannelBindingData): {
  readonly type: string;
  readonly data: () => Uint8Array;
} {
  if (!("socket" in binding)) return { type: binding.type, data: () => binding.data };
  const { socket, ed25519 } = binding;
  const type = binding.type ?? defaultChannelBindingType(socket);
  const data = () => channelBinding(socket, type, { ed25519 });
  data();
  return { type, data };
}

/** The rule of the option. */
export function isBinding(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const rules = "socket" in value ? socketBindingRules : bindingDataRules;
  checkOptions("ScramClient: channelBinding", value, rules);
  return true;
}

const socketBindingRules: Readonly<Record<keyof SocketBinding, OptionRule>> = {
  // What it has to be, channelBinding says with a code of its own.
  socket: { expected: "a TLSSocket", test: () => true, required: true },
  type: { expected: "tls-server-end-point, tls-unique or tls-exporter", test: isChannelBindingType },
  ...endPointRules,
};

const bindingDataRules: Readonly<Record<keyof ChannelBindingData, OptionRule>> = {
  type: {
    expected: 'a name of letters, digits, "." and "-"',
    test: (value) => typeof value === "string" && /^[A-Za-z0-9.-]+$/.test(value),
    required: true,
  },
  data: {
    expected: "bytes, at least one",
    test: (value) => value instanceof Uint8Array && value.length > 0,
    required: true,
  },
};
