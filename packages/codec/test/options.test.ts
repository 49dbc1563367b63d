import { expect, test } from "vitest";
import { checkOptions, isBoolean, isCount, isFunction } from "../src/options.ts";
import { failure } from "./support/failures.ts";

const rules = {
  required: isBoolean,
  most: isCount,
  observe: isFunction,
  secret: { expected: "32 bytes", test: (value: unknown) => value instanceof Uint8Array, required: true },
};
const secret = new Uint8Array(32);

test("options that a class has, with possible values, or undefined for the default", () => {
  checkOptions("Thing", { secret }, rules);
  checkOptions("Thing", { secret, required: undefined, most: undefined }, rules);
  checkOptions("Thing", { secret, required: false, most: 1, observe: () => 0 }, rules);
});

test.each<[said: string, options: unknown]>([
  ['Thing: expected the options required, most, observe, secret, got "requierd"', { secret, requierd: true }],
  ['got "toString"', { secret, toString: 1 }],
  ['got "constructor"', { secret, constructor: undefined }],
  ["Thing: secret: expected 32 bytes, got none", {}],
  ["Thing: secret: expected 32 bytes, got another string", { secret: "correct horse battery staple" }],
  ["Thing: required: expected true or false, got 1", { secret, required: 1 }],
  ["Thing: required: expected true or false, got null", { secret, required: null }],
  ["Thing: most: expected a whole number, 1 or more, got 0", { secret, most: 0 }],
  ["got NaN", { secret, most: NaN }],
  ["got 1.5", { secret, most: 1.5 }],
  ["got Infinity", { secret, most: Infinity }],
  ["got another string", { secret, most: "10" }],
  ["got an array of 1", { secret, most: [1] }],
  ["got an object", { secret, most: {} }],
  ["got 3 bytes", { secret, observe: new Uint8Array(3) }],
  ["Thing: expected an object of options, got none", undefined],
  ["Thing: expected an object of options, got null", null],
  ["Thing: expected an object of options, got another string", "secret"],
  ["Thing: expected an object of options, got a value of type function", () => undefined],
])("refused: %s", (said, options) => {
  const { code, message } = failure(() => {
    checkOptions("Thing", options as object, rules);
  });
  expect(code).toBe("invalid_argument");
  expect(message).toContain(said);
  expect(message).not.toContain("horse");
});

test("options of a class instance with inherited members are looked at by their own", () => {
  checkOptions("Thing", Object.assign(Object.create({ inherited: 1 }) as object, { secret }), rules);
});
