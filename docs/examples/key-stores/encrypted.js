// Keys in a directory, encrypted; they are reset at the end.
//
//   PASSPHRASE=… node encrypted.js CERTIFICATE [URL]

import { logIn } from "./log-in.js";
// #region imports
import { FileKeyStore } from "@tokbind/client";
// #endregion

// #region encrypted
const keyStore = new FileKeyStore({
  directory: "keys",
  passphrase: process.env["PASSPHRASE"],
  maxAge: 30 * 24 * 3600, // seconds
});
// #endregion
await logIn(keyStore);

// #region reset
await keyStore.delete("example.com"); // a site
await keyStore.clear({ since: new Date(Date.now() - 3600_000) }); // the last hour
await keyStore.clear(); // all
// #endregion
