import { type AsnType, fromBER, ObjectIdentifier } from "asn1js";

/** One element of DER or BER; what it holds is seen through {@link contentOf}. */
export type Element = AsnType;

/** The whole of `bytes` as one element, undefined when it is anything else. */
export function readElement(bytes: Uint8Array): Element | undefined {
  try {
    const { result, offset } = fromBER(bytes);
    return offset === bytes.length ? result : undefined;
  } catch {
    // asn1js tells most errors by the offset, but throws at some.
    return undefined;
  }
}

/** The elements within a constructed one, none within a primitive one. */
export function elementsOf(element: Element | undefined): readonly Element[] {
  const value: unknown = element?.valueBlock && (element.valueBlock as { value?: unknown }).value;
  return Array.isArray(value) ? (value as Element[]) : [];
}

/** The first element within `element` that has this context-specific tag. */
export function tagged(element: Element | undefined, tagNumber: number): Element | undefined {
  return elementsOf(element).find(({ idBlock }) => idBlock.tagClass === 3 && idBlock.tagNumber === tagNumber);
}

/** An element as it came, tag and length included. Encoding it again may give other bytes. */
export function bytesOf(element: Element): Buffer {
  return Buffer.from(element.valueBeforeDecodeView);
}

/** The dotted name of an OBJECT IDENTIFIER. */
export function objectIdentifier(element: Element | undefined): string | undefined {
  return element instanceof ObjectIdentifier ? element.getValue() : undefined;
}
