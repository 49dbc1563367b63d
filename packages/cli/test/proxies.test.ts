import http from "node:http";
import net from "node:net";
import { listenInTest } from "@tokbind/testing/vitest";
import { expect, onTestFinished, test } from "vitest";
import { serve, shell } from "./support/tokbind.ts";

/** A forward proxy that asks for a user, for the length of a test. */
async function startProxy(): Promise<{
  readonly port: number;
  readonly requests: http.IncomingHttpHeaders[];
}> {
  const requests: http.IncomingHttpHeaders[] = [];
  const sockets = new Set<net.Socket>();
  const server = http.createServer().on("connect", (incoming: http.IncomingMessage, client: net.Socket) => {
    requests.push(incoming.headers);
    const { port } = new URL(`http://${incoming.url}`);
    if (incoming.headers["proxy-authorization"] !== `Basic ${btoa("me:secret")}`) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const upstream = net.connect(Number(port), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) sockets.add(socket.on("error", () => undefined));
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { port: await listenInTest(server), requests };
}

test("request -x and the environment go through a proxy, to which nothing is proven", async () => {
  const url = await serve();
  const { port, requests } = await startProxy();
  const proxy = `http://me:secret@localhost:${port}`;
  const request = (variables: string, ...args: string[]) =>
    shell(`${variables} tokbind request -k -v ${args.join(" ")} ${url}inspect`);
  const through = [
    await request("", "-x", proxy),
    await request(`HTTPS_PROXY=${proxy}`, "--proxy", "environment"),
  ];
  for (const { code, stdout, stderr } of through) {
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ provided: { keyParameters: "ecdsap256" } });
    expect(stderr).toContain(`* through http://localhost:${port}\n`);
    expect(stderr).not.toContain("secret");
  }
  expect((await request("", "-x", proxy, "--no-token-binding")).code).toBe(0);
  expect(requests).toHaveLength(3);
  for (const headers of requests) expect(headers).not.toHaveProperty("sec-token-binding");

  // Nothing is bypassed, or used, without being asked for.
  expect((await request(`HTTPS_PROXY=${proxy}`)).code).toBe(0);
  expect((await request(`HTTPS_PROXY=${proxy} NO_PROXY=localhost`, "-x", "environment")).code).toBe(0);
  expect(requests).toHaveLength(3);
  const refused = await request("", "-x", `http://localhost:${port}`);
  expect([refused.code, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toMatch(/^tokbind: [^\n]*407[^\n]*\n$/);
  expect((await request("", "-x", "socks5://localhost")).code).toBe(2);
});
