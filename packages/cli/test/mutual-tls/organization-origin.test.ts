// The organization's origin of the story, beyond what the story tells.

import { readFileSync } from "node:fs";
import { listenInTest } from "@tokbind/testing/vitest";
import { expect, onTestFinished, test } from "vitest";
import { createOrganizationOrigin } from "../../src/demo/organization/origin.ts";
import { RevocationFiles } from "../../src/demo/revocation-files.ts";
import { SingleConnection } from "../../src/demo/single-connection.ts";
import { organization } from "./support/organization.ts";

test("[ZT-05] with a certificate, wrong passwords are counted, on whatever connection", async () => {
  const { ca, path, server, alice, bob, sensor } = await organization();
  const clients = new RevocationFiles({
    ca: [path("ca/root.cert.pem")],
    crl: [path("ca/crl.pem"), path("ca/root.crl.pem")],
  });
  const passwords = { alice: "correct horse", bob: "battery staple" };
  const port = await listenInTest(createOrganizationOrigin({ ...server, clients, passwords }));
  const connect = async ({ cert, key }: { cert: string; key: string }) => {
    const context = { ca: readFileSync(path("ca/root.cert.pem")), cert, key };
    const connection = await SingleConnection.open(port, ["ecdsap256"], context);
    onTestFinished(() => {
      connection.close();
    });
    return connection;
  };
  const login = async (holder: { cert: string; key: string }, user: string, password: string) =>
    (await (await connect(holder)).post("/login", { user, password })).status;
  const statuses: number[] = [];
  for (let i = 0; i < 7; i++) statuses.push(await login(alice, "alice", `guess ${i}`));
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  expect(await login(alice, "alice", passwords.alice)).toBe(429);
  expect(await login(bob, "bob", passwords.bob)).toBe(200);
  const device = await connect(sensor);
  expect((await device.get("/me")).status).toBe(403);
  expect((await device.get("/settings")).status).toBe(200);
  const counts = JSON.parse((await device.get("/counts")).body) as { passwordChecks: number };
  expect(counts.passwordChecks).toBe(6);
  await ca.revoke({ serialNumber: sensor.serialNumber });
  await ca.crl();
  expect((await device.get("/settings")).status).toBe(401);
});
