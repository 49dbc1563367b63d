// Writes docs/api/*.api.md: everything that each public package exports, with its types. A change there is a
// change for users, so it should be seen in review. With --check nothing is written, and a report that is out of
// date is an error.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const packages = fileURLToPath(new URL("..", import.meta.url));
const reportFolder = fileURLToPath(new URL("../../docs/api", import.meta.url));
const isCheck = process.argv.includes("--check");
let isOk = true;

/** @param {string} folder @param {string} entry path of an entry's declarations @param {string} report */
function reportOn(folder, entry, report) {
  const projectFolder = join(packages, folder);
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder,
      mainEntryPointFilePath: join(projectFolder, entry),
      compiler: { tsconfigFilePath: join(projectFolder, "tsconfig.json") },
      apiReport: {
        enabled: true,
        reportFolder,
        reportTempFolder: join(projectFolder, "dist"),
        reportFileName: report,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: "none" } },
        extractorMessageReporting: { default: { logLevel: "none" } },
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, "package.json"),
  });
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: !isCheck,
    messageCallback: (message) => (message.handled = true),
  });
  if (!apiReportChanged || !isCheck) return;
  process.stderr.write(`docs/api/${report}.api.md is out of date: npm run api-report\n`);
  isOk = false;
}

for (const folder of readdirSync(packages)) {
  const manifest = JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8"));
  if (manifest.private) continue;
  for (const [name, conditions] of Object.entries(manifest.exports ?? {})) {
    const { types } = conditions.node ?? conditions;
    reportOn(folder, types, name === "." ? folder : `${folder}-${name.slice(2)}`);
  }
}
process.exitCode = isOk ? 0 : 1;
