export { connectHttp2, type Http2Connection } from "./connect-http2.ts";
export { listenInTest } from "./listen-in-test.ts";
export { connectRaw, type RawAnswer, RawClient } from "./raw-client.ts";
export { temporaryDirectory } from "./temporary-directory.ts";
