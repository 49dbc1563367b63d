// Which ways to make a TLS context withTokenBinding covers, and which context decides on a server.

import { once } from "node:events";
import http2 from "node:http2";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { certificate } from "@tokbind/testing";
import {
  connect,
  handshake,
  Listener,
  only,
  plain,
  tokenBinding,
  versions,
  type Wrapper,
} from "@tokbind/testing/handshake";
import { listenInTest } from "@tokbind/testing/vitest";

const trusting = { ca: certificate.cert, servername: "localhost", host: "127.0.0.1" };

/** Answers every request with the key parameters of its connection. */
const app = (request: { socket: net.Socket }, response: { end(text: string): unknown }) => {
  response.end(negotiatedTokenBinding(request.socket)?.keyParameters ?? "none");
};

async function get(port: number, options: https.RequestOptions, wrap: Wrapper = plain) {
  const request = wrap(() => https.request({ port, ...trusting, ...options }).end());
  const [response] = (await once(request, "response")) as [NodeJS.ReadableStream & { socket: tls.TLSSocket }];
  const { socket } = response;
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { body, socket, negotiated: negotiatedTokenBinding(socket) };
}

describe.each(versions)("%s", (version) => {
  test("https: a request of its own, and a keep-alive agent with a secureContext", async () => {
    const server = withTokenBinding(() => https.createServer({ ...certificate, ...only(version) }, app));
    const port = await listenInTest(server);
    const alone = await get(port, { agent: false }, tokenBinding("rsa2048_pss"));
    expect(alone.body).toBe("rsa2048_pss");
    expect(alone.negotiated?.keyParameters).toBe("rsa2048_pss");

    const secureContext = withTokenBinding(() => tls.createSecureContext({ ca: certificate.cert }));
    const agent = new https.Agent({ keepAlive: true, secureContext });
    onTestFinished(() => {
      agent.destroy();
    });
    const first = await get(port, { agent });
    const second = await get(port, { agent });
    expect([first.body, second.body]).toEqual(["ecdsap256", "ecdsap256"]);
    expect(second.socket).toBe(first.socket);
    expect(second.negotiated).toBe(first.negotiated);

    expect((await get(port, { agent: false })).body).toBe("none");
  });

  test("http2: client and server, the streams API and the compatibility API", async () => {
    const server = withTokenBinding(() => http2.createSecureServer({ ...certificate, ...only(version) }));
    server.on("request", app);
    const ofSessions: unknown[] = [];
    server.on("stream", ({ session }) => ofSessions.push(negotiatedTokenBinding(session!.socket)));
    const port = await listenInTest(server);
    const session = withTokenBinding(() => http2.connect(`https://localhost:${port}`, trusting));
    onTestFinished(() => {
      session.destroy();
    });
    for (let i = 0; i < 2; i++) {
      const stream = session.request({ ":path": "/" });
      let body = "";
      for await (const chunk of stream) body += String(chunk);
      expect(body).toBe("ecdsap256");
    }
    const negotiated = negotiatedTokenBinding(session.socket);
    expect(negotiated?.keyParameters).toBe("ecdsap256");
    expect(ofSessions).toEqual([negotiated, negotiated]);
    const { socket } = session;
    session.destroy();
    expect(negotiatedTokenBinding(socket)).toBe(negotiated);
    expect(negotiatedTokenBinding(session.socket)).toBe(negotiated);
  });

  test("mutual TLS: a client certificate is asked for at the same time", async () => {
    const { client, server } = await handshake({
      options: only(version),
      serverOptions: { requestCert: true, rejectUnauthorized: true, ca: certificate.cert },
      clientOptions: certificate,
    });
    expect(server.socket!.authorized).toBe(true);
    expect(server.negotiated?.keyParameters).toBe("ecdsap256");
    expect(client.negotiated).toEqual(server.negotiated);
  });

  test("tls.connect over a connected socket and over a stream, tls.createSecureContext", async () => {
    const listener = new Listener(tokenBinding(), only(version));
    const port = await listenInTest(listener.server);
    const socket = net.connect(port, "127.0.0.1");
    await once(socket, "connect");
    expect((await connect(tokenBinding(), port, { socket })).negotiated?.keyParameters).toBe("ecdsap256");

    const secureContext = tokenBinding()(() => tls.createSecureContext({ ca: certificate.cert }));
    const [one, two] = await Promise.all([
      connect(plain, port, { secureContext }),
      connect(plain, port, { secureContext }),
    ]);
    expect(one.negotiated?.keyParameters).toBe("ecdsap256");
    expect(two.negotiated?.keyParameters).toBe("ecdsap256");
    expect(two.negotiated?.ekm).not.toEqual(one.negotiated?.ekm);

    const inner = await connect(plain, port);
    expect(inner.negotiated).toBeUndefined();
  });

  test("setSecureContext: the new context counts", async () => {
    const listener = new Listener(tokenBinding(), only(version));
    const port = await listenInTest(listener.server);
    const negotiated = async () => (await connect(tokenBinding(), port)).negotiated?.keyParameters;
    expect(await negotiated()).toBe("ecdsap256");
    tokenBinding("rsa2048_pss")(() => {
      listener.server.setSecureContext({ ...certificate, ...only(version) });
    });
    expect(await negotiated()).toBe("rsa2048_pss");
    listener.server.setSecureContext({ ...certificate, ...only(version) });
    expect(await negotiated()).toBeUndefined();
  });

  describe("the server's default context decides, whatever SNI chooses", () => {
    const rsa = tokenBinding("rsa2048_pss");
    const context = () => tls.createSecureContext(certificate);
    type SNICallback = NonNullable<tls.TlsOptions["SNICallback"]>;
    type Make = (chosen: Wrapper) => (options: tls.TlsOptions) => tls.Server;
    const makers: [string, Make][] = [
      [
        "SNICallback",
        (chosen) => {
          const secureContext = chosen(context);
          const SNICallback: SNICallback = (_name, done) => {
            setImmediate(() => {
              done(null, secureContext);
            });
          };
          return (options) => tls.createServer({ ...options, SNICallback });
        },
      ],
      [
        "SNICallback with a resumeSession listener",
        (chosen) => {
          const secureContext = chosen(context);
          const SNICallback: SNICallback = (_name, done) => {
            done(null, secureContext);
          };
          return (options) =>
            tls
              .createServer({ ...options, SNICallback })
              .on("resumeSession", (_id, done: (error: null, session: null) => void) => {
                done(null, null);
              });
        },
      ],
      [
        "addContext",
        (chosen) => (options) => {
          const server = tls.createServer(options);
          chosen(() => {
            server.addContext("www.example.com", certificate);
          });
          return server;
        },
      ],
    ];
    test.each(makers)("%s", async (_name, make) => {
      const negotiated = async (theDefault: Wrapper, chosen: Wrapper) => {
        const server = theDefault(() => make(chosen)({ ...certificate, ...only(version) }));
        const ofServer = once(server, "secureConnection").then(([socket]) =>
          negotiatedTokenBinding(socket as net.Socket),
        );
        const port = await listenInTest(server);
        const client = await connect(tokenBinding(), port, { servername: "www.example.com" });
        expect(client.negotiated).toEqual(await ofServer);
        return client.negotiated?.keyParameters;
      };
      expect(await negotiated(tokenBinding(), tokenBinding())).toBe("ecdsap256");
      expect(await negotiated(tokenBinding(), rsa)).toBe("ecdsap256");
      expect(await negotiated(tokenBinding(), plain)).toBe("ecdsap256");
    });

    test("a default context without Token Binding: none, whatever SNI chooses", async () => {
      const secureContext = tokenBinding()(context);
      const listener = new Listener(plain, {
        ...only(version),
        SNICallback: (_name, done) => {
          done(null, secureContext);
        },
      });
      const port = await listenInTest(listener.server);
      const client = await connect(tokenBinding(), port, { servername: "www.example.com" });
      expect(client.error ?? client.negotiated).toBeUndefined();
      expect((await listener.next()).negotiated).toBeUndefined();
    });
  });
});
