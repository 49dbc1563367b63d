import { once } from "node:events";
import type { KeyParameters } from "@tokbind/codec";
import { ekmFromHex, isKeyParameters } from "../arguments.ts";
import { lines } from "../lines.ts";
import { judge, type Verdict } from "../verdict.ts";

export interface VerifyOptions {
  readonly ekm: Uint8Array;
  readonly negotiated: KeyParameters;
  readonly json?: boolean;
}

/** `tokbind verify`: judges one message; exit code 1 when it is rejected. */
export function verify(message: string, options: VerifyOptions): number {
  const verdict = judge(message, { ekm: options.ekm, keyParameters: options.negotiated });
  process.stdout.write(options.json ? `${JSON.stringify(verdict)}\n` : describe(verdict));
  return verdict.accepted ? 0 : 1;
}

function describe(verdict: Verdict): string {
  if (!verdict.accepted) return `rejected: ${verdict.code}\n${verdict.reason}\n`;
  const { provided, referred } = verdict;
  let text = `accepted\nprovided  ${provided.keyParameters}  tbh ${provided.tbh}\n          id ${provided.id}\n`;
  if (referred !== null) {
    const note = referred.usable ? "" : "  (unknown key parameters: bind no token to it)";
    text += `referred  ${referred.keyParameters}  tbh ${referred.tbh}${note}\n          id ${referred.id}\n`;
  }
  return text;
}

/** `tokbind verify --jsonl`: one answer a line, whatever the line is. */
export async function verifyLines(input: AsyncIterable<Uint8Array>): Promise<number> {
  for await (const line of lines(input)) {
    const answer = `${JSON.stringify(answerLine(line))}\n`;
    if (!process.stdout.write(answer)) await once(process.stdout, "drain");
  }
  return 0;
}

function answerLine(line: string): object {
  const input = parse(line);
  const name = input["name"] ?? null;
  const ekm = ekmFromHex(input["ekm"]);
  const negotiated = input["negotiated"];
  const message = input["message"];
  if (ekm === undefined) return malformed(name, "ekm: expected 64 hex digits");
  if (!isKeyParameters(negotiated)) return malformed(name, "negotiated: expected the name of key parameters");
  if (typeof message !== "string") return malformed(name, "message: expected a base64url string");
  return { name, ...judge(message, { ekm, keyParameters: negotiated }) };
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function malformed(name: unknown, reason: string): object {
  return { name, accepted: false, code: "invalid_argument", reason };
}
