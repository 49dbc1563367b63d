/** How this program is called: what is installed lies below node_modules, and a clone does not. */
export const programName = import.meta.url.includes("/node_modules/") ? "tokbind" : "./tokbind";
