import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { onTestFinished } from "vitest";

/** Undefined when it fails. */
function run(command: string, args: string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 ? String(stdout).trim() : undefined;
}

class Mounted {
  readonly point: string;
  readonly #image: string;
  #device: string | undefined;

  constructor(directory: string) {
    this.point = join(directory, "mounted");
    this.#image = join(directory, "image");
  }

  /** Whether it can be mounted. */
  async mount(): Promise<boolean> {
    await mkdir(this.point);
    await writeFile(this.#image, "");
    await truncate(this.#image, 16 * 2 ** 20);
    if (run("mkfs.exfat", [this.#image]) === undefined) return false;
    this.#device = run("losetup", ["--find", "--show", this.#image]);
    if (this.#device === undefined) return false;
    return run("mount.exfat-fuse", ["-o", "umask=077", this.#device, this.point]) !== undefined;
  }

  unmount(): void {
    run("umount", ["--lazy", this.point]);
    if (this.#device !== undefined) run("losetup", ["--detach", this.#device]);
  }
}

/** Whether exFAT, which has neither hard links nor modes, can be mounted here. */
export const hasExfat = await isMountable();
if (!hasExfat) {
  process.stderr.write(
    "skipped: FileKeyStore without hard links needs root and exFAT (Debian: exfat-fuse, exfatprogs)\n",
  );
}

/** A file system of a test's own; its files are its owner's alone. */
export async function mountExfat(): Promise<string> {
  const mounted = new Mounted(await temporaryDirectory());
  onTestFinished(() => {
    mounted.unmount();
  });
  if (!(await mounted.mount())) throw new Error("exFAT cannot be mounted");
  return mounted.point;
}

async function isMountable(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const directory = await mkdtemp(join(tmpdir(), "tokbind-exfat-"));
  const mounted = new Mounted(directory);
  try {
    return await mounted.mount();
  } finally {
    mounted.unmount();
    await rm(directory, { recursive: true });
  }
}
