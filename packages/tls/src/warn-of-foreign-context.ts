const warned = new WeakSet();
/** Stands for the sockets that no listener made. */
const byHand = {};

/**
 * Says, once for each listener, that a client offered Token Binding in vain, because the listener's context was made
 * outside of withTokenBinding: at a renewal of the certificate, say, or by a framework that opens a second listener.
 */
export function warnOfForeignContext(socket: object): void {
  const { server: listener = byHand } = socket as { server?: object };
  if (warned.has(listener)) return;
  warned.add(listener);
  process.emitWarning(
    "A client offered Token Binding to a TLS context that was not made inside withTokenBinding, so it was not " +
      "negotiated. Make every context of this listener inside withTokenBinding, and renew its certificate with " +
      "renewCertificate(server, { key, cert }) instead of server.setSecureContext(…). Where a framework makes the " +
      "server or a second one, hand it a factory that does so inside withTokenBinding (Fastify: serverFactory).",
    { type: "TokenBindingWarning", code: "TOKBIND_CONTEXT" },
  );
}
