/** The package manager, as npx fetches it. */
export const pnpm = "pnpm@12.21.0";
