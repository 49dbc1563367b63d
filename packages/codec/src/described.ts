/**
 * A wrong value for an error message. It may be a secret in the wrong place, so of strings only short ones are shown,
 * and of the rest the kind.
 */
export function described(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length <= 24 ? JSON.stringify(value) : `a string of ${value.length} characters`;
    case "undefined":
      return "none";
    case "number":
    case "boolean":
      return String(value);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `an array of ${value.length}`;
      return value instanceof Uint8Array ? `${value.length} bytes` : "an object";
    default:
      return `a value of type ${typeof value}`;
  }
}
