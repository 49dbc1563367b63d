import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where this module is: in the package, or in a bundle made of it. */
export interface Place {
  /** `import.meta.url`, which bundlers leave, empty or replace by something of their own. */
  readonly moduleUrl: string | undefined;
  /** The environment variable TOKBIND_ADDON. */
  readonly override: string | undefined;
}

/** The files that may be the addon, the likeliest first. In a bundle without TOKBIND_ADDON they don't exist. */
export function addonPaths({ moduleUrl, override }: Place): string[] {
  if (override !== undefined && override !== "") return [override];
  const root = packageDirectory(moduleUrl);
  if (root === undefined) return [];
  const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
  // On Linux the binary of the other libc, if it is there, doesn't load.
  const tags = process.platform === "linux" ? [".glibc", ".musl"] : [""];
  return [
    join(root, "build", "Release", "token_binding.node"),
    ...tags.map((tag) => join(folder, `token_binding.napi${tag}.node`)),
  ];
}

/** The folder of this package: of a module in src/ or dist/. */
export function packageDirectory(moduleUrl: string | undefined): string | undefined {
  // Nothing here may look to a bundler like an asset to resolve, so no URL is made relative to the module.
  return moduleUrl?.startsWith("file:") ? dirname(dirname(fileURLToPath(moduleUrl))) : undefined;
}
