import http from "node:http";
import { certificate } from "@tokbind/testing";
import { listenInTest } from "@tokbind/testing/vitest";
import { describe, expect, test } from "vitest";
import { failure, makeAgent } from "./support/agents.ts";
import { serve } from "./support/origin.ts";
import { type ProxiedClient, proxiedClients } from "./support/proxied-clients.ts";
import { squid, tinyproxy } from "./support/real-proxies.ts";

/** Several requests through one tunnel. */
async function works(client: ProxiedClient, options: Parameters<ProxiedClient>[0]): Promise<void> {
  const origin = await serve();
  const get = client(options);
  for (let i = 0; i < 3; i++) await get(origin.url);
  expect(origin.seen.map(({ id }) => id !== undefined)).toEqual([true, true, true]);
  expect(origin.connections()).toBe(1);
}

describe.each(Object.entries(proxiedClients))("%s through", (_name, client) => {
  test.skipIf(!tinyproxy.isInstalled)("tinyproxy, with and without credentials [TBH-X-05]", async () => {
    const open = await tinyproxy.start();
    await works(client, { proxy: `http://127.0.0.1:${open}` });
    const closed = await tinyproxy.start({ credentials: "alice:secret" });
    await works(client, { proxy: `http://alice:secret@127.0.0.1:${closed}` });
    const error = await failure(
      client({ proxy: `http://alice:wrong@127.0.0.1:${closed}` })("https://localhost/"),
    );
    expect(error).toMatchObject({ code: "proxy_failed" });
    expect(error.message).toMatch(/got status 40[17]/);
  });

  test.skipIf(!squid.isInstalled)("squid, over http and over https [TBH-X-05]", async () => {
    await works(client, { proxy: `http://127.0.0.1:${await squid.start()}` });
    const port = await squid.start({ isHttps: true });
    const proxyTls = { ca: certificate.cert };
    await works(client, { proxy: `https://127.0.0.1:${port}`, proxyTls });
  });
});

test.skipIf(!squid.isInstalled || !tinyproxy.isInstalled)("http through both, in absolute form", async () => {
  const server = http.createServer((incoming, response) => {
    incoming.pipe(response);
  });
  const url = `http://127.0.0.1:${await listenInTest(server)}/a?b`;
  for (const port of [await squid.start(), await tinyproxy.start()]) {
    const agent = makeAgent({ proxy: `http://127.0.0.1:${port}` });
    for (const body of ["first", "second"]) {
      expect(await (await agent.fetch(url, { method: "POST", body })).text()).toBe(body);
    }
  }
});
