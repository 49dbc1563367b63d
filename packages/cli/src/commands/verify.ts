import { isKeyParameters, type KeyParameters } from "@tokbind/codec";
import { ekmFromHex } from "../arguments.ts";
import { lines } from "../lines.ts";
import { print } from "../output.ts";
import { readMessage } from "../read-message.ts";
import { type Verdict, verdictOn } from "../verdict.ts";

export interface VerifyOptions {
  readonly ekm: Uint8Array;
  readonly negotiated: KeyParameters;
  readonly json?: boolean | undefined;
}

/** `tokbind verify`: verifies one message; exit code 1 when it is rejected. */
export async function verify(argument: string, options: VerifyOptions): Promise<number> {
  const { ekm, negotiated: keyParameters, json } = options;
  const verdict = verdictOn(await readMessage(argument), { ekm, keyParameters });
  await print(json ? `${JSON.stringify(verdict)}\n` : describe(verdict));
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
  for await (const line of lines(input)) await print(`${JSON.stringify(answerTo(line))}\n`);
  return 0;
}

function answerTo(line: string): object {
  const input = parse(line);
  const name = nameOf(input["name"]);
  const ekm = ekmFromHex(input["ekm"]);
  const negotiated = input["negotiated"];
  const message = input["message"];
  if (ekm === undefined) return malformed(name, "ekm: expected 64 hex digits");
  if (!isKeyParameters(negotiated)) return malformed(name, "negotiated: expected the name of key parameters");
  if (typeof message !== "string") return malformed(name, "message: expected a base64url string");
  return { name, ...verdictOn(message, { ekm, keyParameters: negotiated }) };
}

type Name = string | number | null;

const maxNameLength = 1024;

/** What is echoed: nothing that could be nested without end, which no program can write again. */
function nameOf(value: unknown): Name {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.length <= maxNameLength ? value : null;
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function malformed(name: Name, reason: string): object {
  return { name, accepted: false, code: "invalid_argument", reason };
}
