import { isIP } from "node:net";
import type https from "node:https";
import { TokenBindingError } from "@tokbind/codec";
import { described } from "@tokbind/codec/options";
import { isHostName } from "../agent/route.ts";
import type { Target } from "../proxy/forward-proxy.ts";

/** Where a connection goes. */
export interface Destination {
  /** Of the host whose name the certificate is checked against: the key is for that one. */
  readonly origin: URL;
  /** Where that is reached. */
  readonly target: Target;
}

/**
 * @param options - those that node:https connects with, and that already name the server
 * @throws TokenBindingError `invalid_argument` for a host or a port that is none
 */
export function destinationOf({ host, port, servername }: https.RequestOptions): Destination {
  const target = { host: checkHost(host ?? "localhost"), port: checkPort(port ?? 443) };
  const name = servername ? checkHost(servername) : target.host;
  return { origin: new URL(`https://${isIP(name) === 6 ? `[${name}]` : name}:${target.port}`), target };
}

/** Also keeps anything else out of the request that a proxy gets. */
function checkHost(host: string): string {
  // A zone names an interface of this machine.
  const name = host.replace(/%[\w.-]*$/, "");
  if (isIP(name) !== 0 || isHostName(name)) return name;
  throw invalid("the name or the address of a host", host);
}

function checkPort(port: string | number): number {
  const number = Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw invalid("a port", port);
}

function invalid(expected: string, got: unknown): TokenBindingError {
  const message = `TokenBindingHttpsAgent: expected ${expected}, got ${described(got)}`;
  return new TokenBindingError("invalid_argument", message);
}
