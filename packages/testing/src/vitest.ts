export { listenInTest } from "./listen-in-test.ts";
export { connectRaw, type RawAnswer, RawClient } from "./raw-client.ts";
