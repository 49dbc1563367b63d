import { expect, test } from "vitest";
import {
  checkKeyParameters as check,
  checkKeyParametersList as checkList,
  decodeTokenBindingID,
  decodeTokenBindingParameters,
  encodeTokenBindingID,
  encodeTokenBindingParameters,
  defaultKeyParameters,
  exporterLabel,
  includeReferredTokenBindingId,
  isKeyParameters,
  keyParametersCodes,
  keyParametersName,
  secTokenBinding,
  signedData,
  TokenBindingError,
  tokenBindingExtensionType,
  tokenBindingTypes,
  tokenBindingVersion,
} from "../src/index.ts";
import { failure } from "./support/failures.ts";

const version = tokenBindingVersion;
// With types of their own, as assertion functions have to be.
const checkKeyParameters: (value: unknown) => void = check;
const checkKeyParametersList: (list: unknown) => void = checkList;

test("[TBP-2-01] [TBN-2-02] the extension body of version 1.0 with ecdsap256 is 01 00 01 02", () => {
  const parameters = { version, keyParametersList: [keyParametersCodes.ecdsap256] };
  const body = Uint8Array.of(1, 0, 1, 2);
  expect(encodeTokenBindingParameters(parameters)).toEqual(body);
  expect(decodeTokenBindingParameters(body)).toEqual(parameters);
});

test("[TBN-2-03] the list keeps its order, unknown codes included", () => {
  const keyParametersList = [2, 99, 0, 1, 0];
  const body = encodeTokenBindingParameters({ version: { major: 0, minor: 13 }, keyParametersList });
  expect([...body]).toEqual([0, 13, 5, 2, 99, 0, 1, 0]);
  expect(decodeTokenBindingParameters(body).keyParametersList).toEqual(keyParametersList);
});

test("[TBN-2-08] [A-16] an empty list, a wrong length and left-over bytes are decode errors", () => {
  const code = (...body: number[]) => failure(() => decodeTokenBindingParameters(Uint8Array.from(body))).code;
  expect(code()).toBe("truncated");
  expect(code(1)).toBe("truncated");
  expect(code(1, 0)).toBe("truncated");
  expect(code(1, 0, 0)).toBe("length_out_of_range");
  expect(code(1, 0, 2, 2)).toBe("truncated");
  expect(code(1, 0, 1, 2, 2)).toBe("trailing_bytes");
});

test("the encoder refuses lists that the extension can't hold", () => {
  for (const keyParametersList of [[], new Array<number>(256).fill(2), [256]]) {
    const { code } = failure(() => encodeTokenBindingParameters({ version, keyParametersList }));
    expect(code).toBe("invalid_argument");
  }
});

test("[TBP-3-12] an ID by itself decodes, and must close", () => {
  const id = encodeTokenBindingID(2, { kind: "ec", point: new Uint8Array(64) });
  expect(decodeTokenBindingID(id.bytes)).toEqual(id);
  expect(failure(() => decodeTokenBindingID(Uint8Array.of(...id.bytes, 0))).code).toBe("trailing_bytes");
  expect(failure(() => decodeTokenBindingID(id.bytes.subarray(0, 67))).code).toBe("truncated");
});

test("[TBP-3.3-06] 34 bytes are signed: type, key parameters, EKM", () => {
  const ekm = Uint8Array.from({ length: 32 }, (_, i) => i);
  expect([...signedData(1, 2, ekm)]).toEqual([1, 2, ...ekm]);
  expect(signedData(1, 2, ekm)).not.toBe(signedData(1, 2, ekm));
  expect(failure(() => signedData(0, 2, ekm.subarray(1))).code).toBe("invalid_argument");
});

test("[TBP-3-14] [TBP-3-15] [TBP-6-01] [TBP-6-02] [TBN-2-01] [TBN-5-01] [TBH-9-01] registered names and numbers", () => {
  expect(keyParametersCodes).toEqual({ "rsa2048_pkcs1.5": 0, rsa2048_pss: 1, ecdsap256: 2 });
  for (const [name, code] of Object.entries(keyParametersCodes)) expect(keyParametersName(code)).toBe(name);
  expect(keyParametersName(3)).toBeUndefined();
  expect(tokenBindingTypes).toEqual({ provided: 0, referred: 1 });
  expect(tokenBindingExtensionType).toBe(24);
  expect(exporterLabel).toBe("EXPORTER-Token-Binding");
  expect(secTokenBinding).toBe("Sec-Token-Binding");
  expect(includeReferredTokenBindingId).toBe("Include-Referred-Token-Binding-ID");
});

test("errors keep their cause, and map to a status", () => {
  const cause = new Error("why");
  const error = new TokenBindingError("token_invalid", "no", { cause });
  expect(error).toMatchObject({ name: "TokenBindingError", cause, status: 401 });
  expect(new TokenBindingError("truncated", "no")).not.toHaveProperty("cause");
  expect(new TokenBindingError("signature_invalid", "no")).toMatchObject({ status: 400, expose: true });
  expect(new TokenBindingError("unsupported_runtime", "no")).toMatchObject({ status: 500, expose: false });
});

test("what the error handlers of web frameworks assign is own and writable", () => {
  for (const name of ["status", "statusCode", "expose"] as const) {
    const error = new TokenBindingError("truncated", "no");
    expect(Object.getOwnPropertyDescriptor(error, name)).toMatchObject({ writable: true, enumerable: true });
  }
  // As koa and http-errors do it; both run in strict mode, where an assignment to a getter throws.
  const error = new TokenBindingError("truncated", "no");
  error.status = 418;
  error.statusCode = 418;
  error.expose = false;
  expect(error).toMatchObject({ code: "truncated", status: 418, statusCode: 418, expose: false });
  expect(new TokenBindingError("truncated", "no")).toMatchObject({
    status: 400,
    statusCode: 400,
    expose: true,
  });
});

test("key parameters are listed and checked in one place", () => {
  expect(new Set(defaultKeyParameters)).toEqual(new Set(Object.keys(keyParametersCodes)));
  expect(defaultKeyParameters[0]).toBe("ecdsap256");
  for (const name of defaultKeyParameters) {
    expect(isKeyParameters(name)).toBe(true);
    checkKeyParameters(name);
  }
  for (const value of ["rsa", "", undefined, null, 2, "toString", "__proto__"]) {
    expect(isKeyParameters(value)).toBe(false);
    expect(
      failure(() => {
        checkKeyParameters(value);
      }).message,
    ).toContain("expected rsa2048_pkcs1.5, rsa2048_pss, ecdsap256");
  }
  checkKeyParametersList(defaultKeyParameters);
  for (const list of [
    [],
    undefined,
    null,
    "ecdsap256",
    { 0: "ecdsap256" },
    ["ecdsap256", "ecdsap256"],
    ["rsa"],
  ]) {
    expect(
      failure(() => {
        checkKeyParametersList(list);
      }).code,
    ).toBe("invalid_argument");
  }
});
