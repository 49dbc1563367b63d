import { ascii, concat, fill } from "../make/bytes.ts";
import { ec, otherEc, otherRsa, referred, rsa, tokenBindingId } from "../make/keys.ts";
import {
  type Binding,
  bindingBytes,
  ecBinding,
  messageBytes,
  pkcs1Binding,
  pssBinding,
  unknownBinding,
} from "../make/message-builder.ts";
import {
  extension,
  type ListedExtension,
  type MessageGroup,
  none,
  opaque,
  provided,
  whole,
} from "./message-case.ts";

export function wellFormed(group: MessageGroup): void {
  group.decodes(
    "one ecdsap256 binding: 139 bytes",
    "Ordinary",
    "TBP-3-10 TBP-3-11 TBP-3-12 TBP-3-13 TBP-3-17 TBP-3-19",
    [provided],
  );
  group.decodes("one rsa2048_pkcs1.5 binding: 528 bytes", "Ordinary", "TBP-3-13 TBP-3-14 TBP-3-16 TBP-3-19", [
    pkcs1Binding(rsa),
  ]);
  group.decodes("one rsa2048_pss binding", "Ordinary", "TBP-3-14 TBP-3-16 TBP-3-19", [pssBinding(rsa)]);
  group.decodes("provided and referred", "Ordinary", "TBP-3-15 TBP-3-19", [
    provided,
    ecBinding(otherEc, { type: referred }),
  ]);
  group.decodes("provided and referred of different kinds of key", "Ordinary", "TBP-3-11", [
    provided,
    pssBinding(otherRsa, { type: referred }),
  ]);
  group.decodes("referred before provided: decoding keeps the order", "Order", "TBP-3-21", [
    ecBinding(otherEc, { type: referred }),
    provided,
  ]);
  group.decodes("only a referred binding: decoding does not mind", "Order", "TBP-3-21 A-12", [
    ecBinding(ec, { type: referred }),
  ]);
  group.decodes("two provided bindings: decoding does not mind", "Order", "TBP-3-21", [
    provided,
    ecBinding(otherEc),
  ]);
  group.decodes("the same binding twice", "Order", "TBP-3-21", [provided, provided]);
  for (const type of [2, 127, 255]) {
    group.decodes(`unassigned type ${type}`, "UnknownType", "TBP-3-15 TBP-3.1-04", [
      provided,
      ecBinding(ec, { type }),
    ]);
  }
  for (const code of [3, 99, 255]) {
    group.decodes(`unassigned key parameters ${code}`, "UnknownKeyParameters", "TBP-3-14 TBP-3.1-04", [
      unknownBinding(0, code),
    ]);
  }
  group.decodes(
    "unassigned type and key parameters between two known bindings",
    "UnknownType UnknownKeyParameters",
    "TBP-3.1-04",
    [provided, unknownBinding(77), ecBinding(otherEc, { type: referred })],
  );
  group.decodes("unassigned key parameters with an empty key", "UnknownKeyParameters", "TBP-3-12", [
    provided,
    { ...unknownBinding(7), id: tokenBindingId(99, none) },
  ]);

  const withExtensions = (...list: ListedExtension[]) => ({
    ...provided,
    extensions: concat(...list.map(([type, data]) => extension(type, data))),
  });
  const lists: [string, ListedExtension[], string?][] = [
    ["one unknown extension", [[1, ascii("data")]], "derived-ec-unknown-extension"],
    ["an extension without data", [[0, none]]],
    [
      "two extensions without data",
      [
        [1, none],
        [2, none],
      ],
      "derived-ec-two-empty-extensions",
    ],
    [
      "two extensions of the same type",
      [
        [5, ascii("a")],
        [5, ascii("b")],
      ],
    ],
    ["an extension of type 255", [[255, fill(255, 1)]]],
    ["an extension whose data look like a TokenBinding", [[1, bindingBytes(provided)]]],
  ];
  for (const [comment, list, name] of lists) {
    group.decodes(comment, "Extension", "TBP-3-18 TBP-3.4-01", [withExtensions(...list)], {
      extensions: list,
      ...(name ? { name } : {}),
    });
  }

  group.decodes("the shortest message that the structure allows: 132 bytes", "LowerBound", "TBP-3-10 A-07", [
    opaque(132),
  ]);
  group.breaks(
    "length_out_of_range",
    "one byte below the lower bound, otherwise whole",
    "LowerBound",
    "TBP-3-10 A-07",
    messageBytes(opaque(131)),
    { name: "derived-ec-one-below-outer-minimum" },
  );
  group.breaks(
    "length_out_of_range",
    "below the lower bound with a type that nobody knows",
    "LowerBound UnknownType",
    "TBP-3-10 A-07",
    messageBytes(opaque(131, 77)),
  );
  group.breaks(
    "length_out_of_range",
    "a smallest possible binding: 72 bytes",
    "LowerBound",
    "TBP-3-10 A-07",
    messageBytes(opaque(72)),
  );
  group.breaks("length_out_of_range", "an outer length of 1", "LowerBound", "TBP-3-10", concat(0, 1, 0));
  const longest = (spare: number): Binding => ({
    ...provided,
    extensions: extension(1, fill(65535 - 137 - 3 - spare, 0)),
  });
  group.decodes("the longest message: 65537 bytes", "UpperBound", "TBP-3-10 TBP-3-18", [longest(0)], {
    extensions: [[1, fill(65535 - 140, 0)]],
  });
  group.breaks(
    "message_too_long",
    "one byte more than any message has",
    "UpperBound TrailingBytes",
    "TBP-3-20",
    concat(messageBytes(longest(0)), 0),
  );

  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => (i === 0 ? provided : unknownBinding(77)));
  group.decodes("as many bindings as the limit", "Limit", "TBP-3-21", many(16), {
    limits: { maxTokenBindings: 16 },
  });
  group.breaks(
    "too_many_bindings",
    "one binding more than the limit",
    "Limit",
    "",
    messageBytes(...many(17)),
    {
      limits: { maxTokenBindings: 16 },
    },
  );
  group.decodes("as long as the limit", "Limit", "TBP-3-19", [provided], {
    limits: { maxMessageLength: 139 },
  });
  group.breaks("message_too_long", "one byte more than the limit", "Limit", "", whole, {
    limits: { maxMessageLength: 138 },
  });
}
