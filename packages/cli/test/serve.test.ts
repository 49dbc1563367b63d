// The demo origin under requests that no honest client sends.

import { once } from "node:events";
import type { Server } from "node:https";
import { certificate } from "@tokbind/testing";
import { connectRaw, listenInTest } from "@tokbind/testing/vitest";
import { createTokenBindingMessage } from "@tokbind/message";
import { generateKey } from "@tokbind/crypto";
import { expect, test, vi } from "vitest";
import { createDemoOrigin } from "../src/demo/origin.ts";

const origin = (): Server => createDemoOrigin({ ...certificate, keyParameters: ["ecdsap256"] });

const post = (length: number, ...headers: string[]) => [
  "POST /login HTTP/1.1",
  "Host: localhost",
  `Content-Length: ${length}`,
  ...headers,
];

test("no request of a client is answered with 5xx, and refusals name a code", async () => {
  const port = await listenInTest(origin());
  const client = await connectRaw(port);
  const key = await generateKey("ecdsap256");
  const good = await createTokenBindingMessage({ ekm: client.ekm, provided: key });
  const get = (path: string, ...headers: string[]) =>
    client.send(`GET ${path} HTTP/1.1`, "Host: localhost", ...headers);
  const cookie = (value: string) => `Cookie: __Host-session=${value}`;
  const field = (value: string) => `Sec-Token-Binding: ${value}`;

  const refusals: [status: number, code: string, answer: () => Promise<{ status: number; body: unknown }>][] =
    [
      [400, "empty_message", () => get("/me", field(""))],
      [400, "base64url_character", () => get("/me", field("\xff\xfe"))],
      [400, "length_out_of_range", () => get("/inspect", field("AAAA"))],
      [400, "header_repeated", () => get("/me", field(good), field(good))],
      [400, "header_repeated", () => get("/me", field(`${good},${good}`))],
      [401, "token_invalid", () => get("/me", field(good), cookie("x"))],
      [401, "token_invalid", () => get("/me", cookie("e30.e30.e30"))],
      [401, "token_invalid", () => get("/me", cookie("%ff%00"), "Cookie: \xff=\xff; ;;=")],
      [401, "login_required", () => get("/me?user=alice", "Cookie: ;=;=")],
      [404, "not_found", () => get("//x?y")],
      [404, "not_found", () => get("/constructor")],
      [404, "not_found", () => client.send("TRACE * HTTP/1.1", "Host: localhost")],
      [
        404,
        "not_found",
        () => client.send("PUT https://localhost/me HTTP/1.1", "Host: localhost", "Content-Length: 0"),
      ],
    ];
  for (const [status, code, answer] of refusals) {
    const { status: got, body } = await answer();
    expect([got, body]).toEqual([status, { error: expect.any(String) as string, code }]);
  }
  expect(await get("/me", field(good))).toMatchObject({ status: 401, body: { code: "login_required" } });
  expect(await get("/inspect", field(good))).toMatchObject({ status: 200 });
});

test("what is no form of ours is refused, however long", async () => {
  const port = await listenInTest(origin());
  for (const [body, status, code] of [
    ["", 400, "form_invalid"],
    ["user=", 400, "form_invalid"],
    ["user=%ff%zz", 400, "form_invalid"],
    ["user=<script>", 400, "form_invalid"],
    [`user=${"x".repeat(65)}`, 400, "form_invalid"],
    [`user=alice&${"x".repeat(10_000)}`, 413, "form_too_long"],
    [`user=alice&${"x".repeat(1_000_000)}`, 413, "form_too_long"],
  ] as const) {
    const client = await connectRaw(port);
    const answer = client.send(...post(body.length));
    client.socket.write(body);
    expect(await answer).toMatchObject({ status, body: { code } });
  }
});

test("a body that is far too long is answered before its end", async () => {
  const client = await connectRaw(await listenInTest(origin()));
  const answer = client.send(...post(1_000_000_000));
  client.socket.write("x".repeat(1_048_577));
  expect(await answer).toMatchObject({ status: 413, body: { code: "form_too_long" } });
  await once(client.socket, "close");
});

test("a body without end is cut off", async () => {
  const port = await listenInTest(origin());
  const client = await connectRaw(port);
  client.socket.on("error", () => undefined);
  const closed = once(client.socket, "close");
  void client.send(...post(1_000_000_000)).catch(() => undefined);
  let sent = 0;
  while (!client.socket.destroyed && sent < 100_000_000) {
    sent += 65_536;
    if (!client.socket.write("x".repeat(65_536))) {
      await Promise.race([once(client.socket, "drain").catch(() => undefined), closed]);
    }
  }
  await closed;
  // What the buffers of both ends hold comes on top of the 1 MiB that is read.
  expect(sent).toBeGreaterThan(1_048_576);
  expect(sent).toBeLessThan(20_000_000);
});

test("a client that leaves in the middle of its form is no error of the server", async () => {
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const server = origin();
  const port = await listenInTest(server);
  const client = await connectRaw(port);
  const arrived = once(server, "request");
  void client.send(...post(100)).catch(() => undefined);
  await arrived;
  client.socket.destroy();
  const next = await connectRaw(port);
  expect(await next.send("GET /inspect HTTP/1.1", "Host: localhost")).toMatchObject({ status: 200 });
  expect(written).not.toHaveBeenCalled();
  written.mockRestore();
});
