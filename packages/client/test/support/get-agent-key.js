import { SshAgentKeyStore } from "@tokbind/client";

// As get-key.js, with an agent.
process.once("message", () => {
  const [socket, scope, keyParameters] = process.argv.slice(2);
  void new SshAgentKeyStore({ socket }).get(scope, keyParameters).then(({ id }) => {
    process.send(Buffer.from(id.bytes).toString("base64url"));
    process.disconnect();
  });
});
process.send("ready");
