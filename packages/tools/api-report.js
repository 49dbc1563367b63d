// Writes docs/api/*.api.md: everything that each public package exports, with its types. A change there is a
// change for users, so it should be seen in review. With --check nothing is written, and a report that is out of
// date is an error. A type that public declarations use and that nobody can import, because the package does not
// export it, is an error in either case.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packages = join(root, "packages");
const reportFolder = join(root, "docs/api");
const isCheck = process.argv.includes("--check");
const unreported = { logLevel: ExtractorLogLevel.None };

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
        compilerMessageReporting: { default: unreported },
        extractorMessageReporting: {
          default: unreported,
          "ae-forgotten-export": { logLevel: ExtractorLogLevel.Error, addToApiReportFile: false },
        },
        tsdocMessageReporting: { default: unreported },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, "package.json"),
  });
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: !isCheck,
    messageCallback: (message) => {
      message.handled = true;
      if (message.messageId !== "ae-forgotten-export") return;
      const source = relative(root, message.sourceFilePath ?? projectFolder);
      fail(`${source}: ${message.text}`);
    },
  });
  if (apiReportChanged && isCheck) fail(`docs/api/${report}.api.md is out of date: npm run api-report`);
}

/** @param {string} sentence */
function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

for (const folder of readdirSync(packages)) {
  const manifest = JSON.parse(readFileSync(join(packages, folder, "package.json"), "utf8"));
  if (manifest.private) continue;
  for (const [name, conditions] of Object.entries(manifest.exports ?? {})) {
    const { types } = conditions.node ?? conditions;
    reportOn(folder, types, name === "." ? folder : `${folder}-${name.slice(2)}`);
  }
}
