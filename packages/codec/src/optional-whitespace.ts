/**
 * A field value or list element without HTTP's optional white space around it: SP and HTAB, RFC 9110 section 5.6.3.
 * The work is in proportion to that white space; a regular expression would try every inner run of it again.
 */
export function trimOptionalWhitespace(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isOptionalWhitespace(value.charCodeAt(start))) start++;
  while (end > start && isOptionalWhitespace(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isOptionalWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
