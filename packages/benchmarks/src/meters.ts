// What the servers of the benchmarks say of their own process when they are asked.

import { readFileSync } from "node:fs";
import type { Server } from "node:net";
import { collectGarbage, listen } from "@tokbind/testing";

export type Meter = keyof typeof meters;

const meters = {
  /** Microseconds of processor time, of all threads. */
  processor: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Microseconds of processor time of the main thread, by Linux: process.threadCpuUsage comes with Node 23.9. */
  "main thread": () => {
    const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Number(nanoseconds) / 1000;
  },
  /** Bytes of the process, once the garbage is collected. */
  "resident memory": async () => {
    await collectGarbage(() => false, 500);
    return process.memoryUsage().rss;
  },
  /**
   * Bytes of the objects in V8's heap, once the garbage is collected, and of what C and C++ have allocated, by Linux.
   * The process as a whole would not tell: V8 keeps some megabytes more or less of free space.
   */
  "memory in use": async () => {
    await collectGarbage(() => false, 500);
    const maps = readFileSync("/proc/self/smaps", "utf8");
    let kibibytes = 0;
    for (const [, size] of maps.matchAll(/\[heap\]\n(?:.*\n)*?Rss: +(\d+) kB/g)) kibibytes += Number(size);
    if (kibibytes === 0) throw new Error("no heap of C in /proc/self/smaps");
    return process.memoryUsage().heapUsed + kibibytes * 1024;
  },
};

/** Listens, says the port, answers questions until its parent goes, and ends. */
export async function serveMeasured(server: Server): Promise<void> {
  process.on("message", (meter: Meter) => {
    void Promise.resolve(meters[meter]()).then((value) => process.send!(value));
  });
  process.once("disconnect", () => process.exit());
  process.send!(await listen(server));
}
