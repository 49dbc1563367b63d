// Runs this package's tests on every supported Node version.
//
//   node scripts/matrix.js [major …]     default: 20 22 24 26

import { testOnEveryNode } from "@tokbind/tools/node-matrix.js";

testOnEveryNode("packages/mutual-tls");
