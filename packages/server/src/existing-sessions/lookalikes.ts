// What somebody's parser trims or takes for the end of a cookie: controls, space, quote, comma, and all beyond ASCII.
const separator = '[\\x00-\\x20",\\x7f-\\uffff]';

/**
 * Recognizes cookies under another name that an application may take for one of these names, because it reads the Cookie
 * field more freely than browsers write it. Otherwise a thief would take the MAC off a cookie and send it as one of these:
 *
 * - in another case, or with white space of another kind (U+00A0) or quotes around the name
 * - after a comma, or in the middle of a quoted value (RFC 2109)
 * - with percent signs in the name, or with `.`, space, plus or `[` for `_` (PHP)
 */
export function lookalikes(names: readonly string[]): (pair: string) => boolean {
  const patterns = names.map((name) => name.replace(/\W/g, "\\$&").replaceAll("_", "[_. [+]"));
  const pattern = new RegExp(`(?:^|${separator})(?:${patterns.join("|")})${separator}*=`, "i");
  return (pair) => pattern.test(pair) || pattern.test(nameDecoded(pair));
}

function nameDecoded(pair: string): string {
  const name = pair.slice(0, pair.indexOf("=") + 1);
  return name.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
