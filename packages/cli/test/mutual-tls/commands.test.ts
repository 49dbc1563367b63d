// `serve --client-ca --crl` and `request --cert --key --ca`, as the command line has them.

import { rename, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { serve, tokbind } from "../support/tokbind.ts";
import { organization } from "./support/organization.ts";

test("[CA-16] [CA-17] [ZT-03] a certificate is required everywhere, and refused once it is on the CRL", async () => {
  const { ca, path, server, alice, sensor, crls } = await organization();
  await crls();
  const url = await serve(
    ...server.args,
    ...[
      "--client-ca",
      path("ca/root.cert.pem"),
      "--crl",
      path("ca/crl.pem"),
      "--crl",
      path("ca/root.crl.pem"),
    ],
  );
  const request = async (target: string, ...args: string[]) => {
    const { code, stdout } = await tokbind([
      "request",
      "--json",
      "--ca",
      path("ca/root.cert.pem"),
      ...args,
      url + target,
    ]);
    const { status, body } = JSON.parse(stdout) as { status: number; body: string };
    return { code, status, body: JSON.parse(body) as { code?: string; certificate?: object } };
  };
  expect(await request("inspect")).toMatchObject({
    code: 1,
    status: 401,
    body: { code: "certificate_missing" },
  });
  expect(await request("inspect", ...alice.args)).toMatchObject({
    code: 0,
    body: {
      certificate: { kind: "user", names: { email: ["alice@example.test"] } },
      negotiated: { tls: "TLSv1.3" },
    },
  });
  const login = ["-d", "user=alice"];
  expect(await request("login", ...login, ...alice.args, "--tls", "1.2")).toMatchObject({ status: 200 });
  expect(await request("login", ...login, ...alice.args, "--no-token-binding")).toMatchObject({
    status: 200,
  });
  const forbidden = { status: 403, body: { code: "certificate_subject_mismatch" } };
  expect(await request("login", ...login, ...sensor.args)).toMatchObject(forbidden);

  // A file that is none is not taken.
  await writeFile(path("broken"), "hello");
  await ca.revoke({ serialNumber: alice.serialNumber });
  await ca.crl();
  const revoked = { status: 401, body: { code: "certificate_revoked" } };
  expect(await request("inspect", ...alice.args)).toMatchObject(revoked);
  expect(await request("inspect", ...sensor.args)).toMatchObject({ status: 200 });
  await rename(path("broken"), path("ca/crl.pem"));
  expect(await request("inspect", ...alice.args)).toMatchObject(revoked);
  expect(await request("inspect", ...sensor.args)).toMatchObject({ status: 200 });
});

test("wrong usage", async () => {
  for (const args of [
    ["serve", "--crl", "crl.pem"],
    ["request", "--cert", "cert.pem", "https://localhost/"],
    ["request", "--key", "key.pem", "https://localhost/"],
  ]) {
    expect((await tokbind(args)).code).toBe(2);
  }
});

test("[ZT-02] a server of another CA is refused", async () => {
  const { path, alice } = await organization();
  const url = await serve();
  const { code, stderr } = await tokbind(["request", "--ca", path("ca/root.cert.pem"), ...alice.args, url]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/self-signed certificate|SELF_SIGNED/);
});
