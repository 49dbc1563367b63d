// A server that requires a client certificate on every request and uses Token Binding where the client does. SIGHUP makes
// it take the CRLs anew. The first directory is one that `tokbind ca init` made.
//
//   node mutual-tls.js CA_DIRECTORY CERT KEY [PORT]

// #region imports
import { readFileSync } from "node:fs";
import https from "node:https";
import { ClientCertificateVerifier } from "@tokbind/mutual-tls";
import { renewCertificate, TokenBindingError, TokenBindingVerifier, withTokenBinding } from "@tokbind/server";
// #endregion

const [directory, certFile = "", keyFile = "", port = "8443"] = process.argv.slice(2);
const read = (/** @type {string} */ name) => readFileSync(`${directory}/${name}`);
const cert = readFileSync(certFile);
const key = readFileSync(keyFile);

// #region server
const clients = new ClientCertificateVerifier({
  ca: [read("root.cert.pem"), read("issuing.cert.pem")],
  crl: [read("crl.pem"), read("root.crl.pem")],
});
const staff = clients.allow(({ kind }) => kind === "user");
const bindings = new TokenBindingVerifier();

const server = withTokenBinding(() =>
  https.createServer({ key, cert, ...clients.tlsOptions }, (request, response) => {
    try {
      const { verify } = request.url === "/staff" ? staff : clients;
      const { kind, names } = verify(request);
      const bound = bindings.verify(request) ? "with a key" : "without a key";
      response.end(`hello ${kind} ${names.email[0] ?? names.uri[0]} ${bound}\n`);
    } catch (error) {
      const [status, text] =
        error instanceof TokenBindingError ? [error.status, error.code] : [500, "internal error"];
      response.writeHead(status).end(`${text}\n`);
    }
  }),
);
// #endregion

// #region reload
process.on("SIGHUP", () => {
  const changed = clients.reload({ crl: [read("crl.pem"), read("root.crl.pem")] });
  if (changed) renewCertificate(server, changed);
});
// #endregion

server.listen(Number(port), () => {
  console.log("listening", server.address());
});
