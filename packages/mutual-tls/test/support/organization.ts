import { TestAuthority } from "@tokbind/testing";

/** An organization with its own CA, and somebody else with another. */
export async function organization() {
  const root = await TestAuthority.create("Example Root");
  const issuing = await root.issuing("Example Issuing");
  const other = await (await TestAuthority.create("Other Root")).issuing("Example Issuing");
  const alice = { names: [{ type: "email" as const, value: "alice@example.test" }] };
  const day = 24 * 60 * 60 * 1000;
  const ago = (days: number) => new Date(Date.now() - days * day);
  return {
    root,
    issuing,
    other,
    good: await issuing.issue(alice),
    revoked: await issuing.issue(alice),
    expired: await issuing.issue({ ...alice, notBefore: ago(9), notAfter: ago(1) }),
    early: await issuing.issue({ ...alice, notBefore: ago(-1), notAfter: ago(-2) }),
    stranger: await other.issue(alice),
    server: await issuing.issue({ names: [{ type: "dns", value: "localhost" }], purposes: ["serverAuth"] }),
  };
}
