import https from "node:https";
import type { Express } from "express";
import { tokenBinding } from "../../../src/adapters/express.ts";
import { type RequestVerifier, withTokenBinding } from "../../../src/index.ts";
import { type AdapterUnderTest, serverOptions } from "../attacks.ts";
import { Sessions } from "./sessions.ts";

/** The application of Sessions, in the Express that is given. */
export function expressAdapter(express: () => Express): AdapterUnderTest {
  const appOf = (verifier: RequestVerifier) => {
    const sessions = new Sessions();
    const app = express();
    app.use(tokenBinding(verifier));
    app.post("/login", (request, response) => {
      response.json(sessions.login(request.tokenBinding));
    });
    app.get("/me", (request, response) => {
      response.json(sessions.me(request.get("Cookie"), request.tokenBinding));
    });
    app.get("/", (request, response) => {
      response.json(sessions.who(request.tokenBinding));
    });
    return app;
  };
  return {
    // Express has no HTTP/2.
    protocols: ["http/1.1"],
    secure: (verifier) => withTokenBinding(() => https.createServer(serverOptions, appOf(verifier))),
    plain: appOf,
  };
}
