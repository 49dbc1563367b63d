import express from "express4";
import { testAdapter } from "./attacks.ts";
import { expressAdapter } from "./support/express-app.ts";
import { testErrorHandlers } from "./support/express-errors.ts";

testAdapter(expressAdapter(express));
testErrorHandlers(express);
