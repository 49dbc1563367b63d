import type { Server as HttpsServer } from "node:https";
import net, { type Server } from "node:net";
import { onTestFinished } from "vitest";
import { listen } from "./listen.ts";

/** As {@link listen}, until the test that runs is over. */
export async function listenInTest(server: Server): Promise<number> {
  onTestFinished(() => {
    // Not https.Server's own: it looks at its connections as well, and so does the next, which fails where a client has reset
    // one in its first moment.
    net.Server.prototype.close.call(server);
    try {
      (server as Partial<HttpsServer>).closeAllConnections?.();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  });
  return listen(server);
}
