// `npm run bench`: a table of ratios, each from one run on this machine; with --json one JSON object.

import { handshakeResults } from "./handshakes.ts";
import { isOk } from "./result.ts";
import { verificationResults } from "./verification.ts";

const results = [...(await verificationResults()), ...(await handshakeResults())];

if (process.argv.includes("--json")) {
  const rows = results.map((result) => {
    const { name, ratio, noise, target } = result;
    return { name, ratio, noise, target, ok: isOk(result) };
  });
  process.stdout.write(`${JSON.stringify({ results: rows })}\n`);
} else {
  for (const result of results) {
    const { name, ratio, noise, target, better, ours, baseline } = result;
    const limit = `${better === "higher" ? "at least" : "at most"} ${target}`;
    process.stdout.write(
      `${isOk(result) ? "ok  " : "MISS"}  ${ratio.toPrecision(3).padStart(8)}  (${limit}; A/A ${noise.toFixed(3)}; ` +
        `${ours.toFixed(3)} µs against ${baseline.toFixed(3)} µs)  ${name}\n`,
    );
  }
}
process.exitCode = results.every(isOk) ? 0 : 1;
