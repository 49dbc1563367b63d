import type { Server as HttpsServer } from "node:https";
import type { Server } from "node:net";
import { onTestFinished } from "vitest";
import { listen } from "./listen.ts";

/** As {@link listen}, until the test that runs is over. */
export async function listenInTest(server: Server): Promise<number> {
  onTestFinished(() => {
    server.close();
    (server as Partial<HttpsServer>).closeAllConnections?.();
  });
  return listen(server);
}
