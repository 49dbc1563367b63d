import { styleText } from "node:util";
import {
  decodeBase64url,
  decodeTokenBindingMessage,
  type KeyParameters,
  keyParametersName,
  type TokenBinding,
  TokenBindingError,
  type TokenBindingErrorCode,
  tokenBindingTypes,
} from "@tokbind/codec";
import { claimedIdentityJson } from "../identity-json.ts";
import { print } from "../output.ts";
import { readMessage } from "../read-message.ts";
import { requirementsOf } from "../requirements-of.ts";
import { type Verdict, verdictOn } from "../verdict.ts";

export interface InspectOptions {
  readonly ekm?: Uint8Array | undefined;
  readonly negotiated: KeyParameters;
  readonly json?: boolean | undefined;
}

interface Field {
  readonly offset: number;
  readonly length: number;
  readonly hex: string;
  readonly name: string;
  readonly meaning?: string;
}

interface Inspection {
  readonly length: number;
  readonly fields: Field[];
  readonly bindings: object[];
  readonly error: {
    readonly code: TokenBindingErrorCode;
    readonly reason: string;
    readonly field: string | null;
    readonly offset: number | null;
    readonly requirements: readonly string[];
  } | null;
  readonly verdict: Verdict | null;
}

/** `tokbind inspect`: shows every field of a message, and where a broken one breaks. Exit code 1 then. */
export async function inspect(argument: string, options: InspectOptions): Promise<number> {
  const inspection = look(await readMessage(argument), options);
  await print(options.json ? `${JSON.stringify(inspection)}\n` : describe(inspection));
  return inspection.error === null && inspection.verdict?.accepted !== false ? 0 : 1;
}

function look(message: string, { ekm, negotiated }: InspectOptions): Inspection {
  const fields: Field[] = [];
  let bytes = new Uint8Array();
  let bindings: object[] = [];
  let error: Inspection["error"] = null;
  try {
    bytes = Uint8Array.from(decodeBase64url(message));
    const observe = (name: string, start: number, end: number) => {
      fields.push(describeField(name, start, bytes.subarray(start, end)));
    };
    bindings = decodeTokenBindingMessage(bytes, { observe }).tokenBindings.map(describeBinding);
  } catch (cause) {
    if (!(cause instanceof TokenBindingError)) throw cause;
    const { code, message: reason, field, offset } = cause;
    const requirements = requirementsOf(code, field);
    error = { code, reason, field: field ?? null, offset: offset ?? null, requirements };
  }
  const verdict = ekm === undefined ? null : verdictOn(message, { ekm, keyParameters: negotiated });
  return { length: bytes.length, fields, bindings, error, verdict };
}

function describeField(name: string, offset: number, bytes: Uint8Array): Field {
  const field = { offset, length: bytes.length, hex: Buffer.from(bytes).toString("hex"), name };
  const meaning = meaningOf(name, bytes);
  return meaning === undefined ? field : { ...field, meaning };
}

function meaningOf(name: string, bytes: Uint8Array): string | undefined {
  const code = bytes[0] ?? 0;
  if (name.endsWith(" length")) return `${bytes.length === 2 ? (code << 8) | bytes[1]! : code} bytes`;
  if (name === "TokenBinding.tokenbinding_type") return typeName(code);
  if (name === "TokenBindingID.key_parameters") return keyParametersName(code) ?? `unassigned ${code}`;
  if (name === "TB_Extension.extension_type") return `unassigned ${code}`;
  return undefined;
}

function typeName(type: number): string {
  if (type === tokenBindingTypes.provided) return "provided";
  if (type === tokenBindingTypes.referred) return "referred";
  return `unassigned ${type}`;
}

function describeBinding({ type, id, extensions }: TokenBinding): object {
  return { type: typeName(type), ...claimedIdentityJson(id), extensions: extensions.length };
}

const bytesALine = 16;

function describe({ length, fields, error, verdict }: Inspection): string {
  const rows = [`TokenBindingMessage, ${length} bytes`];
  for (const { offset, hex, name, meaning } of fields) {
    const chunks = hex.match(new RegExp(`.{1,${bytesALine * 2}}`, "g")) ?? [];
    chunks.forEach((chunk, line) => {
      const where = styleText("dim", (offset + line * bytesALine).toString().padStart(6));
      const label =
        line === 0 ? `  ${name}${meaning === undefined ? "" : styleText("cyan", `  ${meaning}`)}` : "";
      rows.push(`${where}  ${chunk.padEnd(bytesALine * 2)}${label}`);
    });
  }
  if (error !== null) {
    const where = error.offset === null ? "" : ` at offset ${error.offset}`;
    rows.push(styleText("red", `broken${where}: ${error.code}`) + named(error.requirements), error.reason);
  }
  if (verdict?.accepted === true) rows.push(styleText("green", "a server on that connection accepts it"));
  if (verdict?.accepted === false && error === null) {
    const ids = named(requirementsOf(verdict.code));
    rows.push(
      styleText("red", `a server on that connection rejects it: ${verdict.code}`) + ids,
      verdict.reason,
    );
  }
  return `${rows.join("\n")}\n`;
}

function named(requirements: readonly string[]): string {
  return requirements.length === 0 ? "" : `  (${requirements.join(", ")} in docs/)`;
}
