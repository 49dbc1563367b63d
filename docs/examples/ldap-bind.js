// Binds to a directory so that no relay can use it, and lets ldapts do the rest.
//
//   node ldap-bind.js HOST PORT CA BASE FILTER     with LDAP_USERNAME and LDAP_PASSWORD in the environment

import { readFileSync } from "node:fs";
// #region bind
import { bindScram, connectDirectory } from "@tokbind/ldap";
import { Client } from "ldapts";

const [host, port, ca, base, filter] = process.argv.slice(2);
const { LDAP_USERNAME: username = "", LDAP_PASSWORD: password = "" } = process.env;

const socket = await connectDirectory({ host, port: Number(port), tls: { ca: readFileSync(ca) } });
await bindScram(socket, { username, password, dialect: "openldap" });
// Active Directory: await bindNtlm(socket, { username, domain: "EXAMPLE", password })
//               or: await bindKerberos(socket, { host })

const client = new Client({ url: `ldaps://${host}:${port}`, createSecureConnection: () => socket });
const { searchEntries } = await client.search(base, { filter });
// #endregion
console.log(searchEntries.map(({ dn }) => dn).join("\n"));
await client.unbind();
