import express4 from "express4";
import { testAdapter } from "./attacks.ts";
import { expressAdapter } from "./support/express-app.ts";

testAdapter(expressAdapter(express4));
