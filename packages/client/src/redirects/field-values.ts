/**
 * Header fields of a response: the `Headers` of fetch, values by lower-case name as in undici and node:http, or names and
 * values in turn as in `rawHeaders`.
 */
export type ResponseHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | readonly (Uint8Array | string | readonly (Uint8Array | string)[])[];

/** All values of a field, in order. A `Headers` gives several as one, joined by commas. */
export function fieldValues(headers: ResponseHeaders, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  if (typeof (headers as Headers).get === "function") {
    const value = (headers as Headers).get(wanted);
    return value === null ? [] : [value];
  }
  const fields = Array.isArray(headers) ? (headers as readonly unknown[]) : Object.entries(headers).flat();
  const values: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (text(fields[i]).toLowerCase() !== wanted) continue;
    for (const value of [fields[i + 1]].flat()) if (value !== undefined) values.push(text(value));
  }
  return values;
}

function text(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
}
