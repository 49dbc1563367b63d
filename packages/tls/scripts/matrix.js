// Runs this package's tests, and those of channel bindings, with one and the same binary, on every supported Node version.
//
//   node scripts/matrix.js [major …]     default: 20 22 24 26

import { testOnEveryNode } from "@tokbind/tools/node-matrix.js";

// What Node's TLS sockets say of themselves differs between versions as well.
testOnEveryNode("packages/tls", "packages/channel-binding/test/channel-binding");
