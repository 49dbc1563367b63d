#!/usr/bin/env node
import { TokenBindingError } from "@tokbind/codec";
import { CommanderError } from "commander";
import { OutputError, print, warn } from "./output.ts";
import { createProgram } from "./program.ts";

// Exit codes of the command line contract; 0 is for what is accepted or done.
const failed = 1;
const wrongUsage = 2;

async function run(): Promise<number> {
  // Help and version: written below, since commander does not wait for what it writes.
  let text = "";
  let exitCode = 0;
  const program = createProgram({
    write: (part) => (text += part),
    finish: (code) => (exitCode = code),
  });
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    exitCode = error.exitCode === 0 ? 0 : wrongUsage;
  }
  if (text !== "") await print(text);
  return exitCode;
}

/** Says on one line what went wrong, and returns the exit code. */
function report(error: unknown): number {
  if (error instanceof OutputError && error.isClosed) return failed;
  const isOurs = error instanceof TokenBindingError || error instanceof OutputError;
  const message = isOurs ? error.message : String(error);
  warn(`tokbind: ${message.trim().replaceAll(/\s*\n\s*/g, " ")}\n`);
  return error instanceof TokenBindingError && error.code === "invalid_argument" ? wrongUsage : failed;
}

process.exitCode = await run().catch(report);
