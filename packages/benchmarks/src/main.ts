// `npm run bench`: a table, each row from one run on this machine; with --json one JSON object. Names given as
// arguments choose among the groups; without them all run but `adapters`, which takes 8 minutes.

import { adapterResults } from "./adapters.ts";
import { attackResults } from "./attackers.ts";
import { clientResults } from "./clients.ts";
import { certificateAuthorityResults } from "./certificate-authority.ts";
import { connectionResults } from "./connections.ts";
import { handshakeResults } from "./handshakes.ts";
import { firstLookResults } from "./first-look.ts";
import { httpsAgentResults } from "./https-agents.ts";
import { idleMemoryResults } from "./idle-memory.ts";
import { refusalResults } from "./refusals.ts";
import { mutualTlsResults } from "./mutual-tls.ts";
import { isOk, type Result } from "./result.ts";
import { sessionResults } from "./sessions.ts";
import { verificationResults } from "./verification.ts";

const groups: Readonly<Record<string, () => Promise<Result[]>>> = {
  verification: verificationResults,
  refusals: refusalResults,
  handshakes: handshakeResults,
  "mutual-tls": mutualTlsResults,
  "first-look": firstLookResults,
  sessions: sessionResults,
  connections: connectionResults,
  "https-agent": httpsAgentResults,
  "idle-memory": idleMemoryResults,
  clients: clientResults,
  attackers: attackResults,
  "certificate-authority": certificateAuthorityResults,
  adapters: adapterResults,
};

const json = process.argv.includes("--json");
const chosen = process.argv.slice(2).filter((argument) => argument !== "--json");
const unknown = chosen.find((name) => !Object.hasOwn(groups, name));
if (unknown !== undefined) {
  process.stderr.write(`bench: expected groups out of ${Object.keys(groups).join(", ")}, got ${unknown}\n`);
  process.exit(2);
}

const results: Result[] = [];
for (const [name, run] of Object.entries(groups)) {
  if (chosen.length > 0 ? !chosen.includes(name) : name === "adapters") continue;
  process.stderr.write(`bench: ${name} …\n`);
  for (const result of await run()) {
    results.push(result);
    if (!json) process.stdout.write(describe(result));
  }
}
if (json) {
  const rows = results.map((result) => ({ ...result, ok: isOk(result) }));
  process.stdout.write(`${JSON.stringify({ results: rows })}\n`);
}
process.exitCode = results.every(isOk) ? 0 : 1;

function describe(result: Result): string {
  const { name, value, unit, target, better, noise, detail } = result;
  const limit = `${better === "higher" ? "at least" : "at most"} ${target}${unit && ` ${unit}`}`;
  const beside = noise === undefined ? "" : `; A/A ${noise.toFixed(3)}`;
  const verdict = isOk(result) ? "ok  " : "MISS";
  return `${verdict}  ${value.toPrecision(3).padStart(8)}  (${limit}${beside}; ${detail})  ${name}\n`;
}
