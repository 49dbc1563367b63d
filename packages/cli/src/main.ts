#!/usr/bin/env node
import { TokenBindingError } from "@tokbind/codec";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { parseEkm, parseKeyParameters, parseKeyParametersList, readMessage } from "./arguments.ts";
import type { InspectOptions } from "./commands/inspect.ts";
import type { KeygenOptions } from "./commands/keygen.ts";
import type { RequestOptions } from "./commands/request.ts";
import type { ServeOptions } from "./commands/serve.ts";
import type { SignOptions } from "./commands/sign.ts";
import type { VerifyOptions } from "./commands/verify.ts";
import type { StoryOptions } from "./story/story.ts";

// Exit codes of the command line contract.
const failed = 1;
const wrongUsage = 2;

const allKeyParameters = parseKeyParametersList("ecdsap256,rsa2048_pss,rsa2048_pkcs1.5");

function parsePort(value: string): number {
  const port = Number(value);
  if (/^\d{1,5}$/.test(value) && port <= 65535) return port;
  throw new InvalidArgumentError("expected a port, 0 to 65535.");
}

function parseTls(value: string): "1.2" | "1.3" {
  if (value === "1.2" || value === "1.3") return value;
  throw new InvalidArgumentError("expected 1.2 or 1.3.");
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

type VerifyArguments = Omit<VerifyOptions, "ekm"> & Partial<VerifyOptions> & { jsonl?: boolean };

/** Each command loads its code only when it runs: `tokbind verify` needs no certificate, `serve` no client. */
function program(run: (work: Promise<number>) => Promise<void>): Command {
  const tokbind = new Command("tokbind")
    .description(
      "Token Binding (RFC 8471, 8472, 8473): look at messages, make them, serve and request with them.",
    )
    .exitOverride()
    .enablePositionalOptions();
  const command = (name: string, description: string) =>
    tokbind.command(name).description(description).option("--json", "print JSON").exitOverride();

  command("inspect", "show a message field by field, with offsets, and where a broken one breaks")
    .argument("<message>", "base64url, as in Sec-Token-Binding; - reads standard input")
    .option("--ekm <hex>", "also judge it: 32 bytes of exported keying material", parseEkm)
    .option("--negotiated <name>", "key parameters of that connection", parseKeyParameters, "ecdsap256")
    .action((message: string, options: InspectOptions) =>
      run(import("./commands/inspect.ts").then(({ inspect }) => inspect(readMessage(message), options))),
    );

  command("verify", "judge a message as a server would")
    .argument("[message]", "base64url, as in Sec-Token-Binding; - reads standard input")
    .option("--ekm <hex>", "32 bytes of exported keying material", parseEkm)
    .option("--negotiated <name>", "key parameters of the connection", parseKeyParameters, "ecdsap256")
    .option("--jsonl", 'judge lines {"name","ekm","negotiated","message"} from standard input')
    .action((message: string | undefined, options: VerifyArguments, self: Command) => {
      const { ekm, jsonl } = options;
      if (jsonl) {
        return run(import("./commands/verify.ts").then(({ verifyLines }) => verifyLines(process.stdin)));
      }
      if (message === undefined || ekm === undefined) {
        self.error("error: expected --ekm HEX and a MESSAGE, or --jsonl", { exitCode: wrongUsage });
      }
      return run(
        import("./commands/verify.ts").then(({ verify }) =>
          verify(readMessage(message), { ...options, ekm }),
        ),
      );
    });

  command("keygen", "make a key")
    .option("--type <name>", "rsa2048_pkcs1.5, rsa2048_pss or ecdsap256", parseKeyParameters, "ecdsap256")
    .option("--out <file>", "write it there, readable by you only, instead of standard output")
    .action((options: KeygenOptions) =>
      run(import("./commands/keygen.ts").then(({ keygen }) => keygen(options))),
    );

  command("sign", "make the Sec-Token-Binding value for a connection")
    .requiredOption("--ekm <hex>", "32 bytes of exported keying material", parseEkm)
    .requiredOption("--provided <file>", "key from keygen")
    .option("--referred <file>", "key from keygen that the client uses with another server")
    .option("--negotiated <name>", "refuse a provided key of other parameters", parseKeyParameters)
    .action((options: SignOptions) => run(import("./commands/sign.ts").then(({ sign }) => sign(options))));

  command("serve", "run the demo origin on loopback: login with a bound cookie, /me, /inspect")
    .option("--port <n>", "0 takes a free one", parsePort, 8443)
    .option("--cert <file>", "certificate chain, PEM; without it one is made up")
    .option("--key <file>", "its private key, PEM")
    .option("--key-parameters <list>", "in falling preference", parseKeyParametersList, allKeyParameters)
    .action((options: ServeOptions, self: Command) => {
      if ((options.cert === undefined) !== (options.key === undefined)) {
        self.error("error: --cert and --key go together", { exitCode: wrongUsage });
      }
      return run(import("./commands/serve.ts").then(({ serve }) => serve(options)));
    });

  command("request", "send a request with Token Binding, like curl")
    .argument("<url>")
    .option("-k, --insecure", "accept any certificate")
    .option("-v, --verbose", "show what was negotiated and sent")
    .option("--key-store <dir>", "keep keys there; without it they are forgotten")
    .option("--tls <version>", "1.2 or 1.3 only", parseTls)
    .option("--no-token-binding", "do not offer it")
    .option("--key-parameters <list>", "in falling preference", parseKeyParametersList, allKeyParameters)
    .option("-X, --request <method>", "method, default GET, or POST with -d")
    .option("-H, --header <line>", "Name: value; may be repeated", collect, [])
    .option("-d, --data <text>", "form body; @FILE reads it")
    .action((url: string, options: RequestOptions) =>
      run(import("./commands/request.ts").then(({ request }) => request(url, options))),
    );

  command("vectors", "run test vectors: those of the clone, or other files of the same schemas")
    .argument("[path...]", "files, or directories of them")
    .action((paths: string[], options: { json?: boolean }) =>
      run(import("./commands/vectors.ts").then(({ vectors }) => vectors(paths, options))),
    );

  command("story", "what npm start tells: a stolen cookie fails")
    .option("--once", "end after the story")
    .action((options: StoryOptions) => run(import("./story/story.ts").then(({ story }) => story(options))));

  return tokbind;
}

try {
  await program(async (work) => {
    process.exitCode = await work;
  }).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : wrongUsage;
  } else if (error instanceof TokenBindingError) {
    process.stderr.write(`tokbind: ${error.message}\n`);
    process.exitCode = failed;
  } else {
    process.stderr.write(`tokbind: ${String(error)}\n`);
    process.exitCode = failed;
  }
}
