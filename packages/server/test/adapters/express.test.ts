import express from "express";
import { testAdapter } from "./attacks.ts";
import { expressAdapter } from "./support/express-app.ts";

testAdapter(expressAdapter(express));
