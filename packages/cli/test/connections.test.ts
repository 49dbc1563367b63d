import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "@tokbind/testing/vitest";
import { serve, tokbind } from "./support/tokbind.ts";

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly negotiated: { tls: string; version: string; keyParameters: string; ekm: string } | null;
  readonly secTokenBinding: string | null;
}

async function request(...args: string[]): Promise<Answer> {
  const { stdout, stderr } = await tokbind(["request", "-k", "--json", ...args]);
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Answer;
}

test.each([
  ["1.2", "ecdsap256"],
  ["1.3", "ecdsap256"],
  ["1.2", "rsa2048_pss"],
  ["1.3", "rsa2048_pkcs1.5"],
])("over TLS %s with %s both ends agree on everything", async (tls, keyParameters) => {
  const url = await serve("--key-parameters", keyParameters);
  const seen = await request("--tls", tls, `${url}inspect`);
  expect(seen).toMatchObject({
    status: 200,
    negotiated: { tls: `TLSv${tls}`, version: "1.0", keyParameters },
  });
  const server = JSON.parse(seen.body) as Record<string, unknown>;
  expect(server).toMatchObject({ negotiated: seen.negotiated, header: seen.secTokenBinding });
  expect(server["provided"]).toMatchObject({ keyParameters });
});

test("a bound cookie works with its key store, and with no other", async () => {
  const url = await serve();
  const [store, other] = [join(await temporaryDirectory(), "keys"), await temporaryDirectory()];
  const login = await request("--key-store", store, "-d", "user=alice", `${url}login`);
  expect(JSON.parse(login.body)).toMatchObject({
    user: "alice",
    boundTo: expect.stringMatching(/^[\w-]{43}$/) as string,
  });
  const cookie = `Cookie: ${login.headers["set-cookie"]!.split(";")[0]!}`;
  const me = (...args: string[]) => request(...args, "-H", cookie, `${url}me`);

  expect(await me("--key-store", store)).toMatchObject({ status: 200 });
  expect(await me("--key-store", store, "--tls", "1.2")).toMatchObject({ status: 200 });
  expect(JSON.parse((await me("--key-store", other)).body)).toMatchObject({ code: "token_binding_mismatch" });
  const bare = await me("--no-token-binding");
  expect(bare).toMatchObject({ status: 401, negotiated: null, secTokenBinding: null });
  expect(JSON.parse(bare.body)).toMatchObject({ code: "token_binding_missing" });
  expect(readdirSync(store)).toHaveLength(1);
});

test("without Token Binding the demo serves an ordinary cookie", async () => {
  const url = await serve();
  const login = await request("--no-token-binding", "-d", "user=bob", `${url}login`);
  const cookie = `Cookie: ${login.headers["set-cookie"]!.split(";")[0]!}`;
  const me = await request("--no-token-binding", "-H", cookie, `${url}me`);
  expect(JSON.parse(me.body)).toEqual({ user: "bob", boundTo: null });
});

test("request -v shows what was negotiated and sent, on standard error", async () => {
  const url = await serve();
  const { code, stdout, stderr } = await tokbind(["request", "-k", "-v", `${url}inspect`]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toHaveProperty("negotiated.keyParameters", "ecdsap256");
  expect(stderr).toMatch(
    /TLSv1\.3, Token Binding 1\.0, ecdsap256\n\* EKM [0-9a-f]{64}\n> Sec-Token-Binding: [\w-]{186}\n< 200/,
  );
});

test("request says why there is no answer", async () => {
  const url = await serve();
  const untrusted = await tokbind(["request", url]);
  expect(untrusted).toMatchObject({ code: 1, stdout: "" });
  expect(untrusted.stderr).toMatch(/self-signed certificate/);
  const refused = await tokbind(["request", "https://127.0.0.1:1/"]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/ECONNREFUSED/) as string });
  expect(await tokbind(["request", "-k", `${url}none`])).toMatchObject({ code: 1, stderr: "" });
  const forbidden = await tokbind(["request", "-k", "-H", "Sec-Token-Binding: AAAA", url]);
  expect(forbidden).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("Sec-Token-Binding") as string,
  });
});
