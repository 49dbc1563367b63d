import { FileKeyStore } from "@tokbind/client";

// A process of its own, on the built package. It waits until it is told, so that several start at once.
process.once("message", () => {
  const [directory, scope, keyParameters] = process.argv.slice(2);
  void new FileKeyStore({ directory }).get(scope, keyParameters).then(({ id }) => {
    process.send(Buffer.from(id.bytes).toString("base64url"));
    process.disconnect();
  });
});
process.send("ready");
