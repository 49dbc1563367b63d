// A request without any HTTP client: the extension is offered by one call, and the message is made by hand.
//
//   node raw-client.js CERTIFICATE [PORT]

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
// #region imports
import tls from "node:tls";
import {
  createTokenBindingMessage,
  MemoryKeyStore,
  negotiatedTokenBinding,
  withTokenBinding,
} from "@tokbind/client";
// #endregion

const [certificate, port] = process.argv.slice(2);
const options = { host: "localhost", port: Number(port ?? 8443), ca: readFileSync(certificate) };

// #region raw
const keyStore = new MemoryKeyStore();
const socket = withTokenBinding(() => tls.connect({ servername: "localhost", ...options }));
await once(socket, "secureConnect");

const negotiated = negotiatedTokenBinding(socket); // undefined: the server does not do Token Binding
const fields = ["Host: localhost", "Connection: close"];
if (negotiated !== undefined) {
  const provided = await keyStore.get("localhost", negotiated.keyParameters);
  const message = await createTokenBindingMessage({ ekm: negotiated.ekm, provided });
  fields.push(`Sec-Token-Binding: ${message}`);
}
socket.write(["POST /login HTTP/1.1", ...fields, "", ""].join("\r\n"));
// #endregion
console.log(await text(socket));
