import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { refusalOf } from "../../src/adapters/refusal.ts";
import { type RequestVerifier, TokenBindingError, withTokenBinding } from "../../src/index.ts";
import { serverOptions, testAdapter } from "./attacks.ts";
import { Sessions } from "./support/sessions.ts";

// node:http2's stream API needs no adapter: verify takes a stream and the header section that it came with.
function streamListener(verifier: RequestVerifier) {
  const sessions = new Sessions();
  return (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
    let status = 200;
    let answer: object;
    try {
      const binding = verifier.verify({ stream, rawHeaders });
      const { ":path": path, cookie } = headers;
      if (path === "/login") answer = sessions.login(binding);
      else answer = path === "/me" ? sessions.me(cookie, binding) : sessions.who(binding);
    } catch (error) {
      if (!(error instanceof TokenBindingError)) throw error;
      status = error.status;
      answer = refusalOf(error);
    }
    stream.on("error", () => undefined);
    if (stream.destroyed) return;
    stream.respond({ ":status": status });
    stream.end(JSON.stringify(answer));
  };
}

testAdapter({
  protocols: ["h2"],
  secure: (verifier) => {
    const server = withTokenBinding(() => http2.createSecureServer(serverOptions));
    return server.on("stream", streamListener(verifier));
  },
});
