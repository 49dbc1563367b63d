/* eslint @typescript-eslint/no-extraneous-class: ["error", { allowWithDecorator: true }] -- Nest's modules are classes */
/* eslint @typescript-eslint/no-unsafe-class-instance-assignment: "off" -- and so is what it takes for options */

import "reflect-metadata";
import type { RequestListener, Server } from "node:http";
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpCode,
  type INestApplication,
  Module,
  Post,
  Req,
  UseGuards,
} from "@nestjs/common";
import { APP_FILTER, NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import type { Request, Response } from "express";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { TokenBinding, TokenBindingExpressAdapter, TokenBindingModule } from "../../src/adapters/nestjs.ts";
import {
  type RequestTokenBindings,
  type RequestVerifier,
  TokenBindingError,
  TokenBindingVerifier,
} from "../../src/index.ts";
import { expectRefusal, serverOptions, testAdapter } from "./attacks.ts";
import { Sessions } from "./support/sessions.ts";

function moduleOf(verifier: RequestVerifier, filters: ExceptionFilter[] = []): new () => object {
  const sessions = new Sessions();

  class SessionGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const request = context.switchToHttp().getRequest<Request>();
      sessions.me(request.get("Cookie"), request.tokenBinding);
      return true;
    }
  }

  @Controller()
  class AppController {
    @Get()
    who(@TokenBinding() binding: RequestTokenBindings | undefined) {
      return sessions.who(binding);
    }

    @Post("login")
    @HttpCode(200)
    login(@Req() request: Request) {
      return sessions.login(request.tokenBinding);
    }

    @Get("me")
    @UseGuards(SessionGuard)
    me() {
      return { user: "alice" };
    }
  }

  @Module({
    imports: [TokenBindingModule.forRoot(verifier)],
    controllers: [AppController],
    providers: filters.map((useValue) => ({ provide: APP_FILTER, useValue })),
  })
  class AppModule {}
  return AppModule;
}

async function appOf(module: new () => object, https: boolean): Promise<INestApplication<Server>> {
  const app = await NestFactory.create(
    module,
    https ? new TokenBindingExpressAdapter() : new ExpressAdapter(),
    { logger: ["error"], abortOnError: false, ...(https && { httpsOptions: serverOptions }) },
  );
  onTestFinished(() => app.close());
  return app;
}

testAdapter({
  // Nest on Express, which has no HTTP/2.
  protocols: ["http/1.1"],
  secure: async (verifier) => {
    const app = await appOf(moduleOf(verifier), true);
    await app.init();
    return app.getHttpServer();
  },
  plain: async (verifier) => {
    const app = await appOf(moduleOf(verifier), false);
    await app.init();
    return app.getHttpAdapter().getInstance() as RequestListener;
  },
});

const verifier = new TokenBindingVerifier();

async function send(app: INestApplication<Server>, path: string, headers: Record<string, string> = {}) {
  await app.listen(0, "127.0.0.1");
  const response = await fetch((await app.getUrl()) + path, { headers });
  return { status: response.status, text: await response.text() };
}

describe("exception filters of the application see the TokenBindingError first", () => {
  const seen: unknown[] = [];

  @Catch()
  class OwnFilter implements ExceptionFilter {
    catch(exception: unknown, host: ArgumentsHost): void {
      seen.push(exception);
      host.switchToHttp().getResponse<Response>().status(418).json({});
    }
  }

  const field = { "Sec-Token-Binding": "AAAA" };

  test.each<[place: string, create: () => Promise<INestApplication<Server>>]>([
    [
      "of useGlobalFilters",
      async () => (await appOf(moduleOf(verifier), false)).useGlobalFilters(new OwnFilter()),
    ],
    ["of APP_FILTER", () => appOf(moduleOf(verifier, [new OwnFilter()]), false)],
  ])("%s", async (_place, create) => {
    seen.length = 0;
    expect((await send(await create(), "/", field)).status).toBe(418);
    expect((await send(await create(), "/me")).status).toBe(418);
    expect(seen).toMatchObject([{ code: "not_negotiated" }, { code: "token_unbound" }]);
    expect(seen.every((error) => error instanceof TokenBindingError)).toBe(true);
  });
});

test("under a global prefix requests are verified as well", async () => {
  const app = (await appOf(moduleOf(verifier), false)).setGlobalPrefix("api");
  const answer = await send(app, "/api", { "Sec-Token-Binding": "AAAA" });
  expectRefusal({}, answer, 400, "not_negotiated");
});

test("what is the server's mistake stays a 500 that tells nothing, and is reported", async () => {
  const app = await appOf(
    moduleOf({
      verify: () => {
        throw new TokenBindingError("unsupported_runtime", "no addon");
      },
    }),
    false,
  );
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => {
    write.mockRestore();
  });
  expect(await send(app, "/")).toEqual({
    status: 500,
    text: '{"statusCode":500,"message":"Internal Server Error"}',
  });
  expect(write.mock.calls.join("")).toContain("no addon");
});

test("TokenBindingExpressAdapter needs httpsOptions", async () => {
  await expect(
    NestFactory.create(moduleOf(verifier), new TokenBindingExpressAdapter(), {
      logger: false,
      abortOnError: false,
    }),
  ).rejects.toMatchObject({ code: "invalid_argument" });
});
