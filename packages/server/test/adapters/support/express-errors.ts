import type { Express, NextFunction, Request, Response, Router } from "express";
import { describe, expect, test, vi } from "vitest";
import { tokenBinding } from "../../../src/adapters/express.ts";
import { TokenBindingError, TokenBindingVerifier } from "../../../src/index.ts";
import { expectRefusal } from "../attacks.ts";
import { inject } from "./inject.ts";

const field = ["Sec-Token-Binding", "AAAA"];
const verifier = new TokenBindingVerifier();

/** Whose error handler answers, and with what. */
export function testErrorHandlers(express: { (): Express; Router: () => Router }): void {
  const seen: unknown[] = [];
  // Four parameters are what makes an error handler.
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  const own = (error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    seen.push(error);
    response.status(418).json({});
  };
  const expectOwn = async (app: Express) => {
    seen.length = 0;
    expect((await inject(app, field)).status).toBe(418);
    expect(seen).toMatchObject([{ code: "not_negotiated", status: 400 }]);
    expect(seen[0]).toBeInstanceOf(TokenBindingError);
  };
  const expectDefault = async (app: Express) => {
    expectRefusal({}, await inject(app, field), 400, "not_negotiated");
  };

  describe("the application's error handlers see the TokenBindingError first", () => {
    test("registered after the middleware", async () => {
      await expectOwn(express().use(tokenBinding(verifier)).use(own));
    });

    test("of the application that one with the middleware is mounted in", async () => {
      const mounted = express().use(tokenBinding(verifier));
      await expectOwn(express().use(mounted).use(own));
      await expectOwn(express().use(express().use(mounted)).use(own));
    });

    test("of the application that a router with the middleware is used in", async () => {
      await expectOwn(
        express()
          .use(express.Router().use(tokenBinding(verifier)))
          .use(own),
      );
    });
  });

  describe("answered in JSON where there is none, or it hands the error on", () => {
    test("in a mounted application and a router", async () => {
      await expectDefault(express().use(express().use(tokenBinding(verifier))));
      await expectDefault(express().use(express.Router().use(tokenBinding(verifier))));
    });

    test("which hands it on", async () => {
      const app = express().use(tokenBinding(verifier));
      app.use((error: unknown, _request: Request, _response: Response, next: NextFunction) => {
        next(error);
      });
      for (let i = 0; i < 3; i++) await expectDefault(app);
    });
  });

  test("what is the server's mistake, or no TokenBindingError, is left to Express", async () => {
    const report = vi.spyOn(console, "error").mockReturnValue();
    vi.stubEnv("NODE_ENV", "production");
    const errors = [new TokenBindingError("unsupported_runtime", "no addon"), new Error("no addon")];
    for (const error of errors) {
      const app = express().use(
        tokenBinding({
          verify: () => {
            throw error;
          },
        }),
      );
      const answer = await inject(app, field);
      expect(answer.status).toBe(500);
      expect(answer.text).not.toContain("no addon");
    }
    await vi.waitFor(() => {
      expect(report).toHaveBeenCalledTimes(2);
    });
    vi.unstubAllEnvs();
    report.mockRestore();
  });
}
