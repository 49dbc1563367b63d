// The organization's server, in a process of its own: `node server.js OPTIONS`, in JSON. It says its port, and ends with
// its parent.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { RevocationFiles, type RevocationFilesOptions } from "../revocation-files.ts";
import { createOrganizationOrigin, type OrganizationOriginOptions } from "./origin.ts";

export interface ServerOptions extends Omit<OrganizationOriginOptions, "clients"> {
  readonly clients: RevocationFilesOptions;
}

const { clients, ...options } = JSON.parse(process.argv[2]!) as ServerOptions;
const server = createOrganizationOrigin({ ...options, clients: new RevocationFiles(clients) });
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.once("disconnect", () => process.exit());
process.send!((server.address() as AddressInfo).port);
