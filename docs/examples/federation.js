// A shop that signs its users on at a provider of identities, by redirects: the token that the provider issues is bound to
// the key that the client uses with the shop, and worthless to whoever reads it on the way.
//
//   node federation.js CERTIFICATE KEY [PORT OF THE SHOP] [PORT OF THE PROVIDER]

import { readFileSync } from "node:fs";
// #region imports
import { randomBytes } from "node:crypto";
import https from "node:https";
import {
  BoundSession,
  checkBoundToken,
  includeReferred,
  TokenBindingError,
  TokenBindingVerifier,
  withTokenBinding,
} from "@tokbind/server";
import { errors, jwtVerify, SignJWT } from "jose";
// #endregion

const [certificate, privateKey, shopPort = "8443", providerPort = "8444"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);
let shopUrl = "";
let providerUrl = "";

/** What both know of each other. @type {Uint8Array} */
const clientSecret = randomBytes(32);
const verifier = new TokenBindingVerifier();

// #region shop
const session = new BoundSession({ secrets: [randomBytes(32)] });

const shop = serve(async (url, request, response) => {
  const binding = verifier.verify(request);
  if (url.pathname === "/callback") {
    const token = url.searchParams.get("id_token") ?? "";
    const { payload } = await jwtVerify(token, clientSecret, { issuer: providerUrl, audience: shopUrl });
    checkBoundToken(/** @type {any} */ (payload.cnf), binding?.provided);
    response.setHeader("Set-Cookie", await session.issue({ sub: payload.sub }, binding));
    response.end(`welcome ${payload.sub}\n`);
    return;
  }
  const claims = await session.read(request.headers.cookie, binding);
  if (claims !== undefined) {
    response.end(`hello ${claims.sub}\n`);
    return;
  }
  const query = new URLSearchParams({ redirect_uri: `${shopUrl}/callback` });
  includeReferred(response, binding);
  response.writeHead(303, { Location: `${providerUrl}/authorize?${query}` }).end();
});
// #endregion

// #region provider
const provider = serve(async (url, request, response) => {
  const binding = verifier.verify(request);
  const redirectUri = url.searchParams.get("redirect_uri");
  if (redirectUri !== `${shopUrl}/callback`) {
    response.writeHead(400).end("unknown redirect_uri\n");
    return;
  }
  if (!binding?.referred?.usable) {
    response.writeHead(400).end("expected a client that refers its Token Binding\n");
    return;
  }
  // Here a provider finds out who the user is, and remembers the referred ID until it knows.
  const token = await new SignJWT({ cnf: { tbh: binding.referred.tbh } })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("alice")
    .setIssuer(providerUrl)
    .setAudience(shopUrl)
    .setExpirationTime("1 minute")
    .sign(clientSecret);
  response.writeHead(303, { Location: `${redirectUri}?${new URLSearchParams({ id_token: token })}` }).end();
});
// #endregion

/**
 * An https server with Token Binding, which answers what `answer` throws.
 *
 * @param {(
 *   url: URL,
 *   request: import("node:http").IncomingMessage,
 *   response: import("node:http").ServerResponse,
 * ) => Promise<void>} answer
 */
function serve(answer) {
  return withTokenBinding(() =>
    https.createServer({ key, cert }, (request, response) => {
      answer(new URL(request.url ?? "", "https://localhost"), request, response).catch((error) => {
        if (error instanceof TokenBindingError) response.writeHead(error.status).end(`${error.code}\n`);
        else if (error instanceof errors.JOSEError) response.writeHead(400).end(`${error.code}\n`);
        else response.writeHead(500).end("internal error\n");
      });
    }),
  );
}

// Two names of this machine, so that the client has a key for each.
provider.listen(Number(providerPort), "127.0.0.1", () => {
  providerUrl = `https://127.0.0.1:${portOf(provider)}`;
  shop.listen(Number(shopPort), "localhost", () => {
    shopUrl = `https://localhost:${portOf(shop)}`;
    console.log("listening", shop.address(), provider.address());
  });
});

/** @param {import("node:net").Server} server */
function portOf(server) {
  return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}
