import { decodeBase64url } from "@tokbind/codec";
import { describe, expect, test } from "vitest";
import { backends } from "./backends.ts";

const published = [
  {
    source: "OAuth 2.0 Token Binding, draft 08, section 3.3",
    id: "AgBBQLgtRpWFPN66kxhxGrtaKrzcMtHw7HV8yMk_-MdRXJXbDMYxZCWnCASRRrmHHHL5wmpP3bhYt0ChRDbsMapfh_Q",
    tbh: "7NRBu9iDdJlYCTOqyeYuLxXv0blEA-yTpmGIrAwKAws",
  },
  {
    source: "OpenID Connect Token Bound Authentication, draft 04",
    id: "AgBBQKzyIrmcY_YCtHVoSHBut69vrGfFdy1_YKTZfFJv6BjrZsKD9b9FRzSBxDs1twTqnAS71M1RBumuihhI9xqxXKk",
    tbh: "suMuxh_IlrP-Zrj33LuQOQ5rX039cmBe-wt2df3BrUQ",
  },
];

describe.each(backends)("%s tokenBindingHash", (_, { tokenBindingHash }) => {
  test.each(published)("[OTB-3.4-02] the cnf.tbh of $source", ({ id, tbh }) => {
    expect(tokenBindingHash(decodeBase64url(id))).toBe(tbh);
  });

  test("[OTB-3.4-02] SHA-256 of the whole ID, header included, in 43 characters", () => {
    const id = decodeBase64url(published[0]!.id);
    expect(tokenBindingHash(id)).toHaveLength(43);
    expect(tokenBindingHash(id.subarray(3))).not.toBe(published[0]!.tbh);
  });
});
