import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Collects garbage again and again until `isDone` says that what had to go is gone, or the time is up. */
export async function collectGarbage(isDone: () => boolean, milliseconds = 2_000): Promise<void> {
  for (const end = Date.now() + milliseconds; !isDone() && Date.now() < end;) {
    gc();
    // What was collected is freed on later turns of the loop.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
