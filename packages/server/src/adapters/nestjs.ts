/**
 * Token Binding in NestJS on Express.
 *
 * @module
 */

import {
  type ArgumentsHost,
  Catch,
  createParamDecorator,
  type DynamicModule,
  type ExecutionContext,
  HttpException,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestApplicationOptions,
  type NestModule,
} from "@nestjs/common";
import { ApplicationConfig, BaseExceptionFilter, HttpAdapterHost } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { TokenBindingError } from "@tokbind/codec";
import { withTokenBinding } from "@tokbind/tls";
import type { RequestVerifier } from "../request-verifier.ts";
import { tokenBinding } from "./express.ts";
import { isRefused, refusalOf } from "./refusal.ts";

export type { NodeRequest } from "@tokbind/codec/node";
export type { RequestTokenBindings, RequestVerifier } from "../request-verifier.ts";
// Declares `request.tokenBinding`. Named as in dist: TypeScript does not rewrite the name of an empty export.
export type {} from "./express.js";

/**
 * Nest's adapter for Express, whose HTTPS server negotiates Token Binding. It needs Nest's option `httpsOptions`.
 *
 * @example
 * const app = await NestFactory.create(AppModule, new TokenBindingExpressAdapter(), { httpsOptions: { key, cert } });
 */
export class TokenBindingExpressAdapter extends ExpressAdapter {
  /** @throws TokenBindingError `invalid_argument` without `httpsOptions`, `unsupported_runtime` where the addon cannot work */
  override initHttpServer(options: NestApplicationOptions): void {
    withTokenBinding(() => {
      super.initHttpServer(options);
      // So that renewCertificate knows it.
      return this.getHttpServer();
    });
  }
}

/**
 * Injects into a handler of a controller what the request has proven: `RequestTokenBindings`, or undefined for nothing.
 * Guards and interceptors find the same in `request.tokenBinding`.
 *
 * @example
 * \@Get("me")
 * me(\@TokenBinding() binding: RequestTokenBindings | undefined) {
 *   return { tbh: binding?.provided.tbh ?? null };
 * }
 */
export const TokenBinding = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<Express.Request>().tokenBinding;
});

/**
 * Establishes the Token Binding of the requests of all routes, before any guard. Those that the verifier refuses go to the
 * application's exception filters, as `TokenBindingError`. Whatever they leave is answered with its status and JSON
 * (`{ statusCode, code, error, message }`), and so is a `TokenBindingError` below 500 of a guard or a handler.
 *
 * @example
 * \@Module({ imports: [TokenBindingModule.forRoot(new TokenBindingVerifier())], controllers: [AppController] })
 * export class AppModule {}
 */
export class TokenBindingModule implements NestModule {
  readonly #verifier: RequestVerifier;

  /** Called by Nest: see {@link TokenBindingModule.forRoot}. */
  constructor(verifier: RequestVerifier, config: ApplicationConfig, host: HttpAdapterHost) {
    this.#verifier = verifier;
    // Nest asks the filter first that was registered last: this is the first of all.
    config.useGlobalFilters(new RefusalFilter(host.httpAdapter));
  }

  /** For the `imports` of the application's root module. */
  static forRoot(verifier: RequestVerifier): DynamicModule {
    return { module: TokenBindingModule, providers: [{ provide: verifierToken, useValue: verifier }] };
  }

  /** Called by Nest. */
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(tokenBinding(this.#verifier)).forRoutes("{*path}");
  }
}

class RefusalFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    super.catch(
      isRefused(exception)
        ? new HttpException(refusalOf(exception), exception.status, { cause: exception })
        : exception,
      host,
    );
  }
}

const verifierToken = Symbol("verifier of TokenBindingModule");

// Nest's decorators, without the syntax that stock JavaScript does not have.
Module({})(TokenBindingModule);
Inject(verifierToken)(TokenBindingModule, undefined, 0);
Inject(ApplicationConfig)(TokenBindingModule, undefined, 1);
Inject(HttpAdapterHost)(TokenBindingModule, undefined, 2);
Catch(TokenBindingError)(RefusalFilter);
