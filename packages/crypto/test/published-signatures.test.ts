import type { TokenBindingID } from "@tokbind/codec";
import { describe, expect, test } from "vitest";
import { backends } from "./backends.ts";
import { bytes, ecId, join, rsaId } from "./keys.ts";

interface Published {
  readonly id: TokenBindingID;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const base64url = (text: string): Uint8Array => bytes(text, "base64url");

const rfc6979Key = ecId(
  bytes(
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" +
      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
  ),
);
const claims =
  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

// Made by others and long in print. None of them has a PSS signature with SHA-256 and a salt of 32 bytes.
const published: readonly (readonly [source: string, Published])[] = [
  [
    "RFC 6979 appendix A.2.5, sample",
    {
      id: rfc6979Key,
      data: ascii("sample"),
      signature: bytes(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
          "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
      ),
    },
  ],
  [
    "RFC 6979 appendix A.2.5, test",
    {
      id: rfc6979Key,
      data: ascii("test"),
      signature: bytes(
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367" +
          "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
      ),
    },
  ],
  [
    "RFC 7515 appendix A.2, RS256",
    {
      id: rsaId("rsa2048_pkcs1.5", {
        modulus: base64url(
          "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SF" +
            "d2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS" +
            "-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8" +
            "q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        ),
        publicExponent: Uint8Array.of(1, 0, 1),
      }),
      data: ascii(`eyJhbGciOiJSUzI1NiJ9.${claims}`),
      signature: base64url(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb" +
          "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN" +
          "9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A" +
          "XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
      ),
    },
  ],
  [
    "RFC 7515 appendix A.3, ES256",
    {
      id: ecId(
        join(
          base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
          base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
        ),
      ),
      data: ascii(`eyJhbGciOiJFUzI1NiJ9.${claims}`),
      signature: base64url(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
      ),
    },
  ],
];

describe.each(backends)("%s", (_, { importPublicKey, verify }) => {
  test.each(published)("%s", (_, { id, data, signature }) => {
    const publicKey = importPublicKey(id);
    expect(verify(publicKey, data, signature)).toBe(true);
    expect(verify(publicKey, data.subarray(1), signature)).toBe(false);
  });
});
