import { readFileSync } from "node:fs";
import { defaultKeyParameters } from "@tokbind/codec";
import { Command } from "commander";
import {
  parseDirectory,
  parseEkm,
  parseHeader,
  parseKeyParameters,
  parseKeyParametersList,
  parseMethod,
  parsePort,
  parseProxy,
  parseSite,
  parseTime,
  parseTls,
  parseUrl,
} from "./arguments.ts";
import { addCaCommands } from "./commands/ca.ts";
import type { InspectOptions } from "./commands/inspect.ts";
import type { KeygenOptions } from "./commands/keygen.ts";
import type { KeysOptions, ResetOptions } from "./commands/keys.ts";
import type { LdapCheckOptions } from "./commands/ldap-check.ts";
import type { RequestOptions } from "./commands/request.ts";
import type { ServeOptions } from "./commands/serve.ts";
import type { SignOptions } from "./commands/sign.ts";
import type { StoryOptions } from "./commands/story.ts";
import type { VectorsOptions } from "./commands/vectors.ts";
import type { VerifyOptions } from "./commands/verify.ts";
import { warn } from "./output.ts";

/** Where a program's text and exit code go. */
export interface ProgramEnds {
  /** Help and version. */
  readonly write: (text: string) => void;
  /** The exit code of the command that ran. */
  readonly finish: (exitCode: number) => void;
}

type VerifyArguments = Omit<VerifyOptions, "ekm"> & Partial<VerifyOptions> & { jsonl?: boolean };

/**
 * The commands and what they take. Each loads its code only when it runs: `tokbind verify` needs no certificate,
 * `serve` no client. Wrong usage, help and version throw a CommanderError.
 */
export function createProgram({ write, finish }: ProgramEnds): Command {
  const tokbind = new Command("tokbind")
    .description(
      "Token Binding (RFC 8471, 8472, 8473): look at messages, make them, serve and request with them.",
    )
    .version(version())
    .configureOutput({ writeOut: write, writeErr: warn })
    .exitOverride()
    .enablePositionalOptions();
  const command = (name: string, description: string, parent = tokbind) =>
    parent.command(name).description(description).option("--json", "print JSON");
  const run = async (work: Promise<number>) => {
    finish(await work);
  };
  const misused = (command: Command, message: string) => command.error(`error: ${message}`);

  command("inspect", "show a message field by field, with offsets, and where a broken one breaks")
    .argument("<message>", "base64url, as in Sec-Token-Binding; - reads standard input")
    .option("--ekm <hex>", "also verify it: 32 bytes of exported keying material", parseEkm)
    .option("--negotiated <name>", "key parameters of that connection", parseKeyParameters, "ecdsap256")
    .action((message: string, options: InspectOptions) =>
      run(import("./commands/inspect.ts").then(({ inspect }) => inspect(message, options))),
    );

  command("verify", "verify a message as a server would")
    .argument("[message]", "base64url, as in Sec-Token-Binding; - reads standard input")
    .option("--ekm <hex>", "32 bytes of exported keying material", parseEkm)
    .option("--negotiated <name>", "key parameters of the connection", parseKeyParameters, "ecdsap256")
    .option("--jsonl", 'verify lines {"name","ekm","negotiated","message"} from standard input')
    .action((message: string | undefined, options: VerifyArguments, self: Command) => {
      const { ekm, jsonl } = options;
      if (jsonl) {
        return run(import("./commands/verify.ts").then(({ verifyLines }) => verifyLines(process.stdin)));
      }
      if (message === undefined || ekm === undefined) {
        return misused(self, "expected --ekm HEX and a MESSAGE, or --jsonl");
      }
      return run(import("./commands/verify.ts").then(({ verify }) => verify(message, { ...options, ekm })));
    });

  command("keygen", "make a key")
    .option("--type <name>", "rsa2048_pkcs1.5, rsa2048_pss or ecdsap256", parseKeyParameters, "ecdsap256")
    .option("--out <file>", "write it to a new file, readable by you only, instead of standard output")
    .action((options: KeygenOptions) =>
      run(import("./commands/keygen.ts").then(({ keygen }) => keygen(options))),
    );

  command("sign", "make the Sec-Token-Binding value for a connection")
    .requiredOption("--ekm <hex>", "32 bytes of exported keying material", parseEkm)
    .requiredOption("--provided <key>", "file from keygen, or ssh-agent:COMMENT")
    .option("--referred <key>", "such a key, which the client uses with another server")
    .option("--negotiated <name>", "refuse a provided key of other parameters", parseKeyParameters)
    .action((options: SignOptions) => run(import("./commands/sign.ts").then(({ sign }) => sign(options))));

  command("serve", "run the demo origin on loopback")
    .option("--port <n>", "0 takes a free one", parsePort, 8443)
    .option("--cert <file>", "certificate chain, PEM; without it one is generated")
    .option("--key <file>", "its private key, PEM")
    .option("--client-ca <file...>", "require a client certificate of these CAs, PEM, on every request")
    .option("--crl <file...>", "refuse those that their CRLs revoke; one of each CA, PEM")
    .option("--key-parameters <list>", "most preferred first", parseKeyParametersList, defaultKeyParameters)
    .action((options: ServeOptions, self: Command) => {
      if ((options.cert === undefined) !== (options.key === undefined)) {
        return misused(self, "--cert and --key go together");
      }
      if (options.crl !== undefined && options.clientCa === undefined) {
        return misused(self, "--crl needs --client-ca");
      }
      return run(import("./commands/serve.ts").then(({ serve }) => serve(options)));
    });

  command("request", "send a request with Token Binding, like curl")
    .argument("<url>", "https:// or http://", parseUrl)
    .option("-k, --insecure", "accept any certificate")
    .option("--ca <file>", "accept certificates of these CAs, PEM, instead of the public ones")
    .option("--cert <file>", "certificate chain to prove to the server, PEM")
    .option("--key <file>", "its private key, PEM")
    .option("-v, --verbose", "show what was negotiated and sent")
    .option("--key-store <dir>", "keep keys there, or in ssh-agent:[SOCKET]; without it they are forgotten")
    .option("--passphrase-file <file>", "its first line is what the keys in DIR are encrypted with")
    .option("--cookie-jar <file>", "send the cookies in it and keep those of the answers there")
    .option("--refer", "follow redirects, and prove the key of their server too where they ask for it")
    .option(
      "-x, --proxy <url>",
      'forward proxy; "environment" for HTTPS_PROXY, HTTP_PROXY and NO_PROXY',
      parseProxy,
    )
    .option("--tls <version>", "1.2 or 1.3 only", parseTls)
    .option("--no-token-binding", "do not offer it")
    .option("--key-parameters <list>", "most preferred first", parseKeyParametersList)
    .option("-X, --request <method>", "method, default GET, or POST with -d", parseMethod)
    .option("-H, --header <line>", "Name: value; may be repeated", parseHeader, [])
    .option("-d, --data <text>", "form body; @FILE reads it")
    .action((url: string, options: RequestOptions, self: Command) => {
      if (options.passphraseFile !== undefined && options.keyStore === undefined) {
        return misused(self, "--passphrase-file goes with --key-store");
      }
      if (options.refer && !options.tokenBinding) {
        return misused(self, "--refer needs Token Binding, which --no-token-binding does not offer");
      }
      if ((options.cert === undefined) !== (options.key === undefined)) {
        return misused(self, "--cert and --key go together");
      }
      return run(import("./commands/request.ts").then(({ request }) => request(url, options)));
    });

  const keys = tokbind.command("keys").description("list or reset the keys that request keeps");
  const keysCommand = (name: string, description: string) =>
    keys
      .command(name)
      .description(description)
      .option("--json", "print JSON")
      .requiredOption("--key-store <dir>", "where they are: a directory, or ssh-agent:[SOCKET]")
      .option("--passphrase-file <file>", "its first line is what the keys in DIR are encrypted with");

  keysCommand("list", "show the site, type and ID of each key").action((options: KeysOptions) =>
    run(import("./commands/keys.ts").then(({ listKeys }) => listKeys(options))),
  );

  keysCommand("reset", "forget keys, as one clears cookies: tokens that are bound to them are dead")
    .option("--site <host>", "those of the site of a host", parseSite)
    .option("--since <time>", "those made since then: 1h ago, or 2026-11-25T18:00Z", parseTime)
    .option("--before <time>", "those made before", parseTime)
    .option("--all", "all")
    .action((options: ResetOptions, self: Command) => {
      const isByTime = options.since !== undefined || options.before !== undefined;
      if ([options.site !== undefined, isByTime, options.all].filter(Boolean).length !== 1) {
        return misused(self, "expected either --site HOST, --since or --before TIME, or --all");
      }
      return run(import("./commands/keys.ts").then(({ resetKeys }) => resetKeys(options)));
    });

  addCaCommands(tokbind, run);

  const ldap = tokbind.command("ldap").description("look at LDAP directories");
  command(
    "check",
    "does a directory enforce channel binding? Makes three failed logons, without credentials",
    ldap,
  )
    .argument("<host[:port]>", "the directory; port 636, or 389 with --start-tls", parseDirectory)
    .option("--start-tls", "begin without TLS and upgrade")
    .action((directory: { host: string; port: number | undefined }, options: LdapCheckOptions) =>
      run(import("./commands/ldap-check.ts").then(({ ldapCheck }) => ldapCheck(directory, options))),
    );

  command("vectors", "run test vectors: the project's own, or other files of the same schemas")
    .argument("[path...]", "files, or directories of them")
    .action((paths: string[], options: VectorsOptions) =>
      run(import("./commands/vectors.ts").then(({ vectors }) => vectors(paths, options))),
    );

  command("story", "what npm start tells: a stolen cookie fails")
    .option("--once", "end after the story")
    .action((options: StoryOptions) =>
      run(import("./commands/story.ts").then(({ story }) => story(options))),
    );

  return tokbind;
}

function version(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
