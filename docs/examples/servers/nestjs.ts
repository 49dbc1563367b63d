// NestJS on Express: `node dist/nestjs.js CERTIFICATE KEY [PORT]`, once TypeScript has compiled it

/* eslint @typescript-eslint/no-extraneous-class: ["error", { allowWithDecorator: true }] -- Nest's modules are classes */
/* eslint @typescript-eslint/no-unsafe-class-instance-assignment: "off" -- and so is what it takes for options */

import { readFileSync } from "node:fs";
import type { Server } from "node:https";
// #region imports
import { Controller, Get, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { type RequestTokenBindings, TokenBindingVerifier } from "@tokbind/server";
import { TokenBinding, TokenBindingExpressAdapter, TokenBindingModule } from "@tokbind/server/nestjs";
// #endregion

const [certificate = "cert.pem", privateKey = "key.pem", port = "8443"] = process.argv.slice(2);
const cert = readFileSync(certificate);
const key = readFileSync(privateKey);

// #region app
@Controller()
class AppController {
  @Get()
  who(@TokenBinding() binding: RequestTokenBindings | undefined) {
    return { tbh: binding?.provided.tbh ?? null };
  }
}

@Module({
  imports: [TokenBindingModule.forRoot(new TokenBindingVerifier())],
  controllers: [AppController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, new TokenBindingExpressAdapter(), {
  httpsOptions: { key, cert },
  logger: ["error", "warn"],
});
await app.listen(port, "localhost");
// #endregion

console.log("listening", (app.getHttpServer() as Server).address());
