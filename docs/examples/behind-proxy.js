// A server behind a proxy that ends TLS, verifies Token Binding and says so over a Unix socket. The session cookie is
// worthless without the key of the client that logged in, as in server.js.
//
//   node behind-proxy.js SOCKET

// #region imports
import { randomBytes } from "node:crypto";
import http from "node:http";
import { BoundSession, ProxiedTokenBindingVerifier, TokenBindingError } from "@tokbind/server";
// #endregion

const [socket] = process.argv.slice(2);

// #region server
const verifier = new ProxiedTokenBindingVerifier({ trustedProxies: { unixSocket: true } });
const session = new BoundSession({ secrets: [randomBytes(32)] });

const server = http.createServer(async (request, response) => {
  try {
    const binding = verifier.verify(request);
    if (request.method === "POST" && request.url === "/login") {
      response.setHeader("Set-Cookie", await session.issue({ sub: "alice" }, binding));
      response.end("welcome\n");
    } else {
      const claims = await session.read(request.headers.cookie, binding);
      response.end(`hello ${claims?.sub ?? "stranger"}\n`);
    }
  } catch (error) {
    const [status, text] =
      error instanceof TokenBindingError ? [error.status, error.code] : [500, "internal error"];
    response.writeHead(status).end(`${text}\n`);
  }
});

server.listen(socket);
// #endregion
server.on("listening", () => {
  console.log("listening", server.address());
});
