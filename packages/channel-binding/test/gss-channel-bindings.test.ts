import { expect, test } from "vitest";
import { gssChannelBindings } from "../src/index.ts";

test("[CB-5056-2.1-01] [CB-4121-01] type, colon and data, and their MD5 in the structure of GSS-API", () => {
  // The example that Microsoft gave with Extended Protection, of a certificate's SHA-256.
  const data = Buffer.from("E3CA49271E5089CC48CE82109F1324F41DBEDDC29A777410C738F7868C4FF405", "hex");
  const { applicationData, bnd } = gssChannelBindings("tls-server-end-point", data);
  expect(applicationData.toString("latin1")).toBe(`tls-server-end-point:${data.toString("latin1")}`);
  expect(bnd.toString("hex").toUpperCase()).toBe("6EA19DF066DA4622051F9C4F92C6DF74");
});

test("[CB-4121-02] no data is a mistake, not a binding", () => {
  const wrong = expect.objectContaining({ code: "invalid_argument" }) as unknown;
  expect(() => gssChannelBindings("tls-exporter", Buffer.alloc(0))).toThrow(wrong);
  expect(() => gssChannelBindings("tls-exporter", "text" as unknown as Buffer)).toThrow(wrong);
  expect(() => gssChannelBindings("a:b", Buffer.alloc(8))).toThrow(wrong);
});
