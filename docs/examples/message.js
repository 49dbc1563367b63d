// Both ends of a message without any connection: what is exported from one stands in for it.
//
//   node message.js

import { randomBytes } from "node:crypto";
// #region imports
import { decodeBase64url, decodeTokenBindingMessage } from "@tokbind/codec";
import { generateKey } from "@tokbind/crypto";
import { createTokenBindingMessage, MessageVerifier } from "@tokbind/message";
// #endregion

const ekm = randomBytes(32);

// #region message
// The client, with 32 bytes exported from its connection.
const key = await generateKey("ecdsap256");
const text = await createTokenBindingMessage({ ekm, provided: key });

// The server, with those of its own end.
const verifier = new MessageVerifier();
const message = decodeTokenBindingMessage(decodeBase64url(text));
const { provided } = verifier.verify(message, { ekm, keyParameters: "ecdsap256" });
console.log(provided?.tbh); // base64url of the SHA-256 of the client's Token Binding ID
// #endregion
