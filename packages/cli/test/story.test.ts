import { expect, test } from "vitest";
import { tokbind } from "./support/tokbind.ts";

const names = [
  "login",
  "me",
  "stolen-cookie-no-binding",
  "stolen-cookie-other-key",
  "replayed-header-other-connection",
  "tampered-header",
  "key-reset-then-old-cookie",
];

const organization = [
  ["mtls-login", 200],
  ["mtls-me", 200],
  ["mtls-sensor", 200],
  ["attack-man-in-the-middle", 401],
  ["attack-spoofing", 403],
  ["attack-credential-stuffing", 401],
  ["attack-brute-force", 401],
  ["attack-phishing", 401],
  ["attack-malicious-request", 401],
  ["revoked-kept-alive", 401],
  ["revoked-resumed", 401],
  ["others-go-on", 200],
] as const;

test("[ZT-02] [ZT-03] [ZT-04] [ZT-05] [ZT-06] [ZT-07] [CA-17] [TBH-4-01] [TBP-2-04] [TBP-4.2-10] [TBH-2-14] [TBH-2-15] [TBH-X-07] the stolen cookie fails, and so do six attacks on an organization, over TLS 1.3 and 1.2", async () => {
  const { code, stdout, stderr } = await tokbind(["story", "--once", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { negotiated, steps } = JSON.parse(stdout) as {
    negotiated: object;
    steps: { name: string; status: number; expected: number; ok: boolean }[];
  };
  expect(negotiated).toEqual({ tls: "TLSv1.3", version: "1.0", keyParameters: "ecdsap256" });
  expect(steps.map((step) => step.name)).toEqual([
    ...names,
    "tls12",
    ...names.map((name) => `tls12-${name}`),
    ...organization.map(([name]) => name),
    ...organization.map(([name]) => `tls12-${name}`),
  ]);
  const statuses = [200, 200, 401, 401, 400, 400, 401];
  expect(steps.map((step) => step.status)).toEqual([
    ...[...statuses, 200, ...statuses],
    ...[...organization, ...organization].map(([, status]) => status),
  ]);
  expect(steps.every((step) => step.ok && step.status === step.expected)).toBe(true);
});

test("the story is told in words", async () => {
  const { code, stdout } = await tokbind(["story", "--once"]);
  expect(code).toBe(0);
  expect(stdout.match(/✓/g)).toHaveLength(2 * (names.length + organization.length));
  expect(stdout).toContain("Every step came out as it should.");
});
