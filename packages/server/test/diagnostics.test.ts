import { spawnSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { fileURLToPath } from "node:url";
import { keys, makeBinding, message, provided } from "@tokbind/testing/messages";
import { connectRaw } from "@tokbind/testing/vitest";
import { expect, onTestFinished, test } from "vitest";
import { type RequestEvent, TokenBindingVerifier } from "../src/index.ts";
import { startServer } from "./support/start-server.ts";

function listenTo(name: string, told: (event: RequestEvent) => void): void {
  const listener = (event: unknown) => {
    told(event as RequestEvent);
  };
  subscribe(name, listener);
  onTestFinished(() => void unsubscribe(name, listener));
}

test("who listens hears of every verdict", async () => {
  const events: string[] = [];
  const requests = new Set<object>();
  const negotiated = (event: unknown) => {
    expect(event).toEqual({ keyParameters: "ecdsap256", tlsVersion: "TLSv1.3", resumed: false });
    events.push("negotiated");
  };
  subscribe("tokbind.negotiated", negotiated);
  onTestFinished(() => void unsubscribe("tokbind.negotiated", negotiated));
  listenTo("tokbind.verified", ({ request, verified, fromMemory }) => {
    requests.add(request);
    events.push(`verified ${verified!.provided.keyParameters} ${fromMemory}`);
  });
  listenTo("tokbind.rejected", ({ error }) => events.push(`rejected ${error!.code}`));
  listenTo("tokbind.missing", () => events.push("missing"));
  for (const onInvalid of ["reject", "ignore"] as const) {
    const verifier = new TokenBindingVerifier({ onInvalid });
    const client = await connectRaw(
      await startServer((request, response) => {
        try {
          verifier.verify(request);
        } catch {
          response.statusCode = 400;
        }
        response.setHeader("Content-Length", 2);
        response.end("{}");
      }),
    );
    const field = `Sec-Token-Binding: ${message(await makeBinding({ type: provided, key: keys.ec, ekm: client.ekm }))}`;
    await client.get(field);
    await client.get(field);
    await client.get();
    await client.get(`${field}=`);
  }
  const once = [
    "negotiated",
    "verified ecdsap256 false",
    "verified ecdsap256 true",
    "missing",
    "rejected base64url_character",
  ];
  // What is ignored is told too, and then the request has none.
  expect(events).toEqual([...once, ...once, "missing"]);
  expect(requests.size).toBe(4);
});

test("NODE_DEBUG=tokbind tells the same on standard error, without the field", () => {
  const index = fileURLToPath(new URL("../dist/index.js", import.meta.url));
  const script = `
    import { TokenBindingVerifier } from ${JSON.stringify(index)};
    const verifier = new TokenBindingVerifier({ onInvalid: "ignore" });
    verifier.verify({ rawHeaders: ["Sec-Token-Binding", "c2VjcmV0"] });
  `;
  const run = (NODE_DEBUG: string) =>
    spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      encoding: "utf8",
      env: { ...process.env, NODE_DEBUG },
    });
  const { status, stderr } = run("tokbind");
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /^TOKBIND \d+: rejected: connection_unknown: .*\nTOKBIND \d+: no Token Binding on this request\n$/,
  );
  expect(stderr).not.toContain("c2VjcmV0");
  expect(run("").stderr).toBe("");
});
