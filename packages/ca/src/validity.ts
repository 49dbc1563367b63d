/** Times in certificates and CRLs are whole seconds. */

const second = 1000;
const day = 24 * 60 * 60 * second;

/** So that what is new counts at once where a clock is late. */
const lateness = 5 * 60 * second;

/** From a little before now, for some days. */
export function validityOf(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Math.floor(Date.now() / second) * second;
  return { notBefore: new Date(now - lateness), notAfter: new Date(now + days * day) };
}
