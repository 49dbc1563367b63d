import { readFileSync } from "node:fs";
import { TokenBindingAgent } from "@tokbind/client";

/**
 * Logs in at ../server.js with a key of the store, and comes back with the cookie.
 *
 * @param {import("@tokbind/client").TokenBindingKeyStore} keyStore
 */
export async function logIn(keyStore) {
  const [certificate, url = "https://localhost:8443/"] = process.argv.slice(2);
  const agent = new TokenBindingAgent({ keyStore, connect: { ca: readFileSync(certificate) } });
  try {
    const login = await agent.fetch(new URL("/login", url), { method: "POST" });
    const cookie = login.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const home = await agent.fetch(new URL("/", url), { headers: { cookie } });
    console.log(home.status, (await home.text()).trim());
  } finally {
    await agent.close();
  }
}
