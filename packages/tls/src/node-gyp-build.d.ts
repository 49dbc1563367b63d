declare module "node-gyp-build" {
  /** Loads the addon of the package in `directory`: build/Release first, then prebuilds/. */
  export default function load(directory: string): unknown;
}
