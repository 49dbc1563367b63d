import type { Command } from "commander";
import { parseDays, parseList, parseProfile, parseReason } from "./ca/arguments.ts";
import type { CrlCommandOptions } from "./ca/crl.ts";
import type { InitOptions } from "./ca/init.ts";
import type { IssueCommandOptions } from "./ca/issue.ts";
import type { ListOptions } from "./ca/list.ts";
import type { RenewCommandOptions } from "./ca/renew.ts";
import type { RevokeCommandOptions } from "./ca/revoke.ts";
import type { SignCommandOptions } from "./ca/sign.ts";

/** `tokbind ca`: an organization's own certificate authority. */
export function addCaCommands(tokbind: Command, run: (work: Promise<number>) => Promise<void>): void {
  const ca = tokbind.command("ca").description("be a certificate authority of one's own");
  const command = (name: string, description: string) =>
    ca
      .command(name)
      .description(description)
      .option("--json", "print JSON")
      .requiredOption("--ca <dir>", "directory of the certificate authority");
  const signing = (name: string, description: string) =>
    command(name, description).option("--passphrase-file <file>", "with the passphrase of the CA's keys");
  const ordering = (name: string, description: string) =>
    signing(name, description)
      .requiredOption("--profile <name>", "server, user, device or service", parseProfile)
      .option("--name <text>", "for people; nothing else reads it")
      .option("--dns <name>", "host name; may be repeated", parseList)
      .option("--ip <address>", "IPv4 or IPv6; may be repeated", parseList)
      .option("--email <address>", "of a user")
      .option("--uri <uri>", "of a device or service, such as urn:uuid:… or spiffe://…")
      .option("--upn <name>", "user principal name, NAME@REALM")
      .option("--days <n>", "life; default: server 90, user and device 30, service 7", parseDays);

  signing("init", "make a root, an issuing CA and their CRLs in a new directory")
    .requiredOption("--name <text>", "of the organization")
    .option("--permit-domain <name>", "the CA is for this domain only; may be repeated", parseList)
    .option("--root-key <file>", "where the root's key goes, to be kept off line; default DIR/root.key.pem")
    .option("--root-passphrase-file <file>", "with another passphrase for the root's key")
    .action((options: InitOptions) => run(import("./ca/init.ts").then(({ init }) => init(options))));

  ordering("issue", "make a key and a certificate")
    .requiredOption("--out <prefix>", "writes PREFIX.cert.pem and PREFIX.key.pem")
    .option("--key-passphrase-file <file>", "with a passphrase that encrypts the key")
    .option("--pkcs12", "also writes PREFIX.p12, for browsers and phones")
    .option("--pkcs12-password-file <file>", "with its password; without one it is generated and printed")
    .action((options: IssueCommandOptions) =>
      run(import("./ca/issue.ts").then(({ issue }) => issue(options))),
    );

  ordering("sign", "make a certificate for the key of a certificate request; nothing else is taken from it")
    .requiredOption("--request <file>", "PKCS #10, PEM or DER")
    .requiredOption("--out <prefix>", "writes PREFIX.cert.pem")
    .action((options: SignCommandOptions) => run(import("./ca/sign.ts").then(({ sign }) => sign(options))));

  signing("renew", "make a new certificate, with a new key, for whoever holds the current one")
    .requiredOption("--cert <file>", "current certificate")
    .requiredOption("--key <file>", "its private key")
    .option(
      "--key-passphrase-file <file>",
      "with the passphrase of the private key, which the new one gets too",
    )
    .option("--out <prefix>", "writes PREFIX.cert.pem and PREFIX.key.pem")
    .option("--in-place", "puts the new ones in the place of the current ones")
    .option("--if-due", "only when two thirds of the life are over")
    .option("--days <n>", "life of the new one", parseDays)
    .action((options: RenewCommandOptions, self: Command) => {
      if ((options.out === undefined) === !options.inPlace) {
        return self.error("error: expected either --out PREFIX or --in-place");
      }
      return run(import("./ca/renew.ts").then(({ renew }) => renew(options)));
    });

  signing("revoke", "revoke a certificate for good, and make the next CRL")
    .argument("[serial]", "its serial number, hex; or --cert")
    .option("--cert <file>", "the certificate")
    .option("--reason <name>", "such as keyCompromise or superseded", parseReason)
    .action((serial: string | undefined, options: RevokeCommandOptions, self: Command) => {
      if ((serial === undefined) === (options.cert === undefined)) {
        return self.error("error: expected either a serial number or --cert FILE");
      }
      return run(import("./ca/revoke.ts").then(({ revoke }) => revoke(serial, options)));
    });

  signing("crl", "make the next CRL, DIR/crl.pem; the root's too where its key is at hand")
    .option("--days <n>", "how long it counts; default 7", parseDays)
    .option("--root-key <file>", "the root's key, from where it is kept; default DIR/root.key.pem")
    .option("--root-passphrase-file <file>", "with the passphrase of the root's key, if it has another one")
    .action((options: CrlCommandOptions) => run(import("./ca/crl.ts").then(({ crl }) => crl(options))));

  command("list", "show all certificates").action((options: ListOptions) =>
    run(import("./ca/list.ts").then(({ list }) => list(options))),
  );
}
