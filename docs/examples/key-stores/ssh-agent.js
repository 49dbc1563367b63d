// A key in the agent at SSH_AUTH_SOCK.
//
//   node ssh-agent.js CERTIFICATE [URL]

import { logIn } from "./log-in.js";
// #region imports
import { SshAgentKeyStore } from "@tokbind/client";
// #endregion

// #region ssh-agent
const keyStore = new SshAgentKeyStore(); // the agent at SSH_AUTH_SOCK
// #endregion
await logIn(keyStore);
