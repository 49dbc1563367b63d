// A server that ends connections at the worst moments, `node losing-server.js h1|h2`. It is a process of its own, on the
// built packages, because nghttp2 in Node 20 corrupts memory when a server destroys sessions while they talk. It says its
// port, and to whatever it is then told, what it has seen.

import http2 from "node:http2";
import https from "node:https";
import { decodeBase64url, decodeTokenBindingMessage } from "@tokbind/codec";
import { MessageVerifier } from "@tokbind/message";
import { certificate } from "@tokbind/testing";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";

const isHttp2 = process.argv[2] === "h2";
const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM } = http2.constants;

/** How often it has acted on each request, by path. */
const acted = {};
const verdicts = { verified: 0, unproven: 0 };
const connections = new Set();
let requests = 0;

const drop = ({ socket }) => socket.destroy();
const misfortunes = isHttp2
  ? {
      97: ({ stream }, response) => {
        stream.session.close();
        response.end("ok");
      },
      101: ({ stream }, response) => {
        response.end("ok");
        stream.session.goaway(NGHTTP2_ENHANCE_YOUR_CALM);
      },
      103: ({ stream }) => stream.session.destroy(),
    }
  : {
      41: drop,
      // Answered, and gone while the client keeps it alive.
      43: ({ socket }, response) => response.end("ok", () => setImmediate(() => socket.destroy())),
      47: ({ socket }, response) => {
        response.end("ok");
        setImmediate(() => socket.end());
      },
      53: ({ socket }, response) => {
        response.writeProcessing();
        setImmediate(() => socket.destroy());
      },
    };

function listener(request, response) {
  response.on("error", () => undefined);
  const count = ++requests;
  verify(request);
  if (isHttp2 && count % 29 === 0) {
    request.stream.close(NGHTTP2_REFUSED_STREAM);
    return;
  }
  acted[request.url] = (acted[request.url] ?? 0) + 1;
  const misfortune = Object.keys(misfortunes).find((each) => count % Number(each) === 0);
  if (misfortune === undefined) response.end("ok");
  else misfortunes[misfortune](request, response);
}

function verify(request) {
  const socket = request.stream?.session?.socket ?? request.socket;
  connections.add(`${socket.remotePort}`);
  // One that is gone already cannot tell.
  const negotiated = negotiatedTokenBinding(socket);
  if (negotiated === undefined) return;
  const fields = request.headersDistinct?.["sec-token-binding"] ?? [request.headers["sec-token-binding"]];
  const message = decodeTokenBindingMessage(decodeBase64url(fields[0] ?? ""));
  const { provided } = new MessageVerifier().verify(message, negotiated);
  if (fields.length === 1 && provided !== undefined) verdicts.verified++;
  else verdicts.unproven++;
}

const server = withTokenBinding(() =>
  isHttp2 ? http2.createSecureServer(certificate, listener) : https.createServer(certificate, listener),
);
let handshakes = 0;
server.on("connection", (socket) => {
  socket.on("error", () => undefined);
  const count = ++handshakes;
  if (count % 9 === 0) socket.destroy();
  else if (count % 13 === 0) socket.once("data", () => socket.destroy());
});
server.on("session", (session) => session.on("error", () => undefined));
server.listen(0, "127.0.0.1", () => process.send(server.address().port));
process.on("message", () => process.send({ acted, ...verdicts, requests, connections: connections.size }));
process.once("disconnect", () => process.exit());
