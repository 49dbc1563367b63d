import net from "node:net";
import tls from "node:tls";
import { expect, test } from "vitest";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { tokbind } from "./support/tokbind.ts";

// How directories are judged, the tests of packages/ldap show; here is what the command says of it.

/** A directory that answers every request with one byte string, but for the id of the message. */
const answering = (hex: string) => (socket: net.Socket) => {
  socket
    .on("error", () => undefined)
    .on("data", (request: Buffer) => {
      const answer = Buffer.from(hex, "hex");
      answer[4] = request[4]!;
      socket.write(answer);
    });
};
const announcement =
  "tokbind: makes three failed logons of a made-up name at 127.0.0.1, which its log may show\n";

test("a directory without NTLM is unknown, after the three logons were announced", async () => {
  // authMethodNotSupported
  const port = await listenInTest(tls.createServer(certificate, answering("300c02010061070a010704000400")));
  const host = `127.0.0.1:${port}`;
  const { code, stdout, stderr } = await tokbind(["ldap", "check", host, "--json"]);
  expect([code, stderr]).toEqual([1, announcement]);
  expect(JSON.parse(stdout)).toEqual({
    host: "127.0.0.1",
    port,
    startTls: false,
    verdict: "unknown",
    probes: { absent: "result 7", wrong: "result 7", right: "result 7" },
  });
  const text = await tokbind(["ldap", "check", host]);
  expect(text.stdout).toMatch(
    /^unknown: it does not judge NTLM logons.*\n {2}logon without a token +result 7\n/,
  );
});

test("a directory that refuses StartTLS", async () => {
  // protocolError
  const port = await listenInTest(net.createServer(answering("300c02010078070a010204000400")));
  const { code, stdout, stderr } = await tokbind(["ldap", "check", `127.0.0.1:${port}`, "--start-tls"]);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr.slice(announcement.length)).toBe(
    "tokbind: expected the directory to start TLS, got result 2\n",
  );
});

test("wrong usage", async () => {
  const wrong = [
    [],
    ["host:0"],
    ["host:65536"],
    ["host:x"],
    ["a b"],
    ["ldaps://host"],
    ["host", "--starttls"],
  ];
  for (const args of wrong)
    expect(await tokbind(["ldap", "check", ...args])).toMatchObject({ code: 2, stdout: "" });
  expect((await tokbind(["ldap", "check", "--help"])).stdout).toContain("--start-tls");
});
