import { join, spliced } from "./bytes.ts";
import { mutateString } from "./mutate-number.ts";
import type { Random } from "./random.ts";

/** One edit that knows nothing of the format; `donor` is another message. */
export function mutateBytes(random: Random, bytes: Uint8Array, donor: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  const edited = random.pick([
    () => mutateString(random, bytes),
    () => mutateString(random, bytes),
    () =>
      spliced(
        bytes,
        at,
        2,
        Uint8Array.of(
          ...random.pick([
            [0, 0],
            [0, 1],
            [0, 64],
            [0, 132],
            [255, 255],
          ]),
        ),
      ),
    () => join(bytes.subarray(0, at), donor.subarray(random.below(donor.length + 1))),
    () => join(bytes.subarray(0, at), donor.subarray(at)),
    () => join(bytes, donor),
    () => join(bytes, Uint8Array.of(random.below(256))),
    () => spliced(bytes, at, 0, bytes.subarray(random.below(at + 1), at)),
  ])();
  return random.oneIn(2) ? edited : framed(edited);
}

/** The same bytes under a length that fits, so that whatever is wrong lies deeper. */
function framed(bytes: Uint8Array): Uint8Array {
  const content = bytes.subarray(2, 65537);
  return join(Uint8Array.of(content.length >> 8, content.length), content);
}
