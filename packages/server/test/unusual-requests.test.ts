import { once } from "node:events";
import http, { IncomingMessage, type RequestListener } from "node:http";
import type { Http2ServerRequest, ServerHttp2Stream } from "node:http2";
import net, { Socket } from "node:net";
import { keys, makeBinding, message, provided, spoil } from "@tokbind/testing/messages";
import { connectHttp2, connectRaw, listenInTest } from "@tokbind/testing/vitest";
import { describe, expect, test } from "vitest";
import {
  type NodeRequest,
  TokenBindingError,
  TokenBindingVerifier,
  type TokenBindingVerifierOptions,
} from "../src/index.ts";
import { startServer } from "./support/start-server.ts";

const field = async (ekm: Uint8Array) =>
  `Sec-Token-Binding: ${message(await makeBinding({ type: provided, key: keys.ec, ekm }))}`;

/** Answers with the tbh, or with the error. */
function show(
  verifier: Pick<TokenBindingVerifier, "verify">,
  prepare: (request: IncomingMessage) => void = () => undefined,
) {
  const listener: RequestListener = (request, response) => {
    prepare(request);
    let text: string;
    try {
      text = JSON.stringify(verifier.verify(request)?.provided.tbh ?? null);
    } catch (error) {
      const { code, status } = error as { code: string; status: number };
      response.statusCode = status;
      text = JSON.stringify(code);
    }
    response.setHeader("Content-Length", text.length);
    response.end(text);
  };
  return listener;
}

function verdict(request: object, options: TokenBindingVerifierOptions = {}): unknown {
  try {
    return new TokenBindingVerifier(options).verify(request as NodeRequest);
  } catch (error) {
    const { code, status, name } = error as { code: string; status: number; name: string };
    expect(name).toBe("TokenBindingError");
    return `${status} ${code}`;
  }
}

const rawHeaders = ["Host", "localhost", "sec-token-binding", "AAAA"];

describe.each<[kind: string, request: () => object]>([
  ["a mock without a socket", () => new IncomingMessage(null as unknown as Socket)],
  ["a mock with a socket of its own", () => new IncomingMessage(new Socket().destroy())],
  ["a mock with something for a socket", () => ({ rawHeaders: [], socket: {}, httpVersionMajor: 1 })],
  ["an HTTP/2 request whose session is gone", () => ({ rawHeaders: [], stream: {}, httpVersionMajor: 2 })],
  [
    "a stream of http2's stream API whose session is gone",
    () => ({ rawHeaders: [], stream: { session: undefined } }),
  ],
  [
    "a stream whose session has lost its socket",
    () => ({ rawHeaders: [], stream: { session: { socket: undefined } } }),
  ],
  ["a request with a null stream", () => ({ rawHeaders: [], stream: null, socket: null })],
])("%s", (_kind, make) => {
  test("has no Token Binding", () => {
    expect(verdict(make())).toBeUndefined();
    expect(verdict(make(), { required: true })).toBe("400 header_missing");
  });

  test("has no connection to verify a field against", () => {
    const request = Object.assign(make(), { rawHeaders });
    const expected =
      "socket" in request && request.socket?.constructor === Object ? "not_negotiated" : "connection_unknown";
    expect(verdict(request)).toBe(`400 ${expected}`);
    expect(verdict(request, { onInvalid: "ignore" })).toBeUndefined();
    expect(verdict(request, { onInvalid: "ignore", required: true })).toBe("400 header_missing");
  });
});

test("[TBP-4.2-02] plain HTTP negotiates nothing", async () => {
  const port = await listenInTest(http.createServer(show(new TokenBindingVerifier())));
  for (const [line, answer] of [
    ["X: y", "null"],
    ["Sec-Token-Binding: AAAA", '"not_negotiated"'],
  ]) {
    const socket = net.connect(port, "127.0.0.1");
    socket.end(`GET / HTTP/1.1\r\nHost: localhost\r\n${line}\r\nConnection: close\r\n\r\n`);
    expect(Buffer.concat((await socket.toArray()) as Buffer[]).toString()).toContain(`\r\n\r\n${answer}`);
  }
});

test("a request whose socket is destroyed before anybody asked is not said to have negotiated nothing", async () => {
  const verifier = new TokenBindingVerifier();
  const seen: unknown[] = [];
  const port = await startServer((request) => {
    request.socket.destroy();
    try {
      seen.push(verifier.verify(request));
    } catch (error) {
      seen.push((error as { code: string }).code);
    }
  });
  for (const withField of [true, false]) {
    const client = await connectRaw(port);
    const lines = withField ? [await field(client.ekm)] : [];
    client.socket.on("error", () => undefined);
    void client.get(...lines).catch(() => undefined);
    await once(client.socket, "close");
  }
  expect(seen).toEqual(["connection_unknown", undefined]);
});

test("[TBH-X-06] a stream that an application hangs on its HTTP/1.1 requests is no connection", async () => {
  // Of another connection, which has a session: what is accepted there must not count here.
  const { session } = await connectHttp2();
  const verifier = new TokenBindingVerifier();
  const prepare = (request: IncomingMessage) => Object.assign(request, { stream: { session } });
  const port = await startServer(show(verifier, prepare));
  const alice = await connectRaw(port);
  const mallory = await connectRaw(port);
  const own = await field(alice.ekm);
  expect((await alice.get(own)).status).toBe(200);
  expect(await mallory.get(own)).toMatchObject({ status: 400, body: "signature_invalid" });
  expect((await mallory.get(await field(mallory.ekm))).status).toBe(200);
});

describe("[TBH-2-05] a field that Node may have dropped further lines of", () => {
  const fillers = (count: number) => Array.from({ length: count }, () => "a: b");

  test.each<[limit: string, options: { maxHeadersCount?: number; fields: number; status: number }]>([
    ["1,000 by default", { fields: 990, status: 200 }],
    ["1,000 by default", { fields: 1010, status: 400 }],
    ["10", { maxHeadersCount: 10, fields: 5, status: 200 }],
    ["10", { maxHeadersCount: 10, fields: 40, status: 400 }],
    ["none", { maxHeadersCount: 0, fields: 3000, status: 200 }],
  ])("limit %s: %o", async (_limit, { maxHeadersCount, fields, status }) => {
    const port = await startServer(
      show(new TokenBindingVerifier()),
      { maxHeaderSize: 100_000 },
      maxHeadersCount,
    );
    const client = await connectRaw(port);
    const own = await field(client.ekm);
    const answer = await client.get(own, ...fillers(fields), "b: c");
    expect(answer.status).toBe(status);
    if (status === 400) expect(answer.body).toBe("header_malformed");
    // Without the field nothing is claimed, so nothing is lost.
    expect(await client.get(...fillers(fields))).toMatchObject({ status: 200, body: null });
  });

  test("the second of two lines is seen, or the first refused, wherever it stands", async () => {
    const port = await startServer(show(new TokenBindingVerifier()), { maxHeaderSize: 100_000 });
    const client = await connectRaw(port);
    const own = await field(client.ekm);
    for (const count of [0, 500, 995, 1000, 1020, 1100, 1990, 2010, 2500]) {
      const answer = await client.get(own, ...fillers(count), own);
      expect([count, answer.status]).toEqual([count, 400]);
    }
  });

  test("over HTTP/2 Node refuses a request with too many fields", async () => {
    const verifier = new TokenBindingVerifier();
    const { session, ekm } = await connectHttp2((request, response) => {
      show(verifier)(request as unknown as IncomingMessage, response as unknown as http.ServerResponse);
    });
    const value = (await field(ekm)).slice("Sec-Token-Binding: ".length);
    const send = async (fillers: number) => {
      const headers: Record<string, string | string[]> = { ":path": "/", "sec-token-binding": value };
      for (let i = 0; i < fillers; i++) headers[`x-${i}`] = "y";
      headers["Sec-Token-Binding"] = value;
      const stream = session.request({ ...headers, "sec-token-binding": [value, value] });
      stream.on("error", () => undefined).resume();
      const status = await new Promise<number | undefined>((resolve) => {
        stream.on("response", (response) => {
          resolve(response[":status"]);
        });
        stream.on("close", () => {
          resolve(undefined);
        });
      });
      return status;
    };
    expect(await send(0)).toBe(400);
    expect([undefined, 400, 431]).toContain(await send(300));
  });
});

test("[A-05] [A-14] what is required stays required when a refused message is ignored", async () => {
  const verifier = new TokenBindingVerifier({ required: true, onInvalid: "ignore" });
  const client = await connectRaw(await startServer(show(verifier)));
  expect((await client.get(await field(client.ekm))).status).toBe(200);
  for (const lines of [[], ["Sec-Token-Binding: rubbish"], [`${await field(client.ekm)},`]]) {
    expect(await client.get(...lines)).toMatchObject({ status: 400, body: "header_missing" });
  }
});

test("[A-11] an accepted value with something after it is not the accepted value", async () => {
  const client = await connectRaw(await startServer(show(new TokenBindingVerifier())));
  const own = await field(client.ekm);
  expect((await client.get(own)).status).toBe(200);
  for (const more of [",", ",x", ", ", `, ${own.slice(19)}`]) {
    expect(await client.get(own + more)).toMatchObject({ status: 400, body: "header_repeated" });
  }
  for (const more of ["A", "=", ".x"]) expect((await client.get(own + more)).status).toBe(400);
});

test("verify works without its verifier", async () => {
  const { verify } = new TokenBindingVerifier();
  const client = await connectRaw(await startServer(show({ verify })));
  expect(await client.get(await field(client.ekm))).toMatchObject({ status: 200 });
  expect(await client.get("Sec-Token-Binding: rubbish")).toMatchObject({ status: 400 });
});

test.each([
  { required: "yes" },
  { requierd: true },
  { onInvalid: "drop" },
  { maxMessageLength: -1 },
  { maxTokenBindings: 1.5 },
  { maxKnownKeys: -1 },
  { maxKnownKeys: "10" },
  { verifyUnknownTypes: 1 },
  null,
])("impossible options are refused at once: %o", (options) => {
  expect(() => new TokenBindingVerifier(options as object)).toThrow(
    expect.objectContaining({ code: "invalid_argument" }) as Error,
  );
});

test("options are read once: who changes the object later changes nothing", () => {
  const options = { required: true };
  const verifier = new TokenBindingVerifier(options);
  options.required = false;
  expect(() => verifier.verify({ rawHeaders: [] })).toThrow("requires Token Binding");
});

test("the limits are handed on", async () => {
  const verifier = new TokenBindingVerifier({ maxMessageLength: 138 });
  const client = await connectRaw(await startServer(show(verifier)));
  expect(await client.get(await field(client.ekm))).toMatchObject({ body: "message_too_long" });
});

test("[A-03] so is what to do with bindings of unknown type", async () => {
  const answers = [];
  for (const verifyUnknownTypes of [false, true]) {
    const client = await connectRaw(
      await startServer(show(new TokenBindingVerifier({ verifyUnknownTypes }))),
    );
    const { ekm } = client;
    const own = await makeBinding({ type: provided, key: keys.ec, ekm });
    const other = spoil(await makeBinding({ type: 77, key: keys.otherEc, ekm }));
    answers.push((await client.get(`Sec-Token-Binding: ${message(own, other)}`)).status);
  }
  expect(answers).toEqual([200, 400]);
});

test("a stream of http2's stream API, with its raw headers", async () => {
  const { server, session, ekm } = await connectHttp2();
  const { verify } = new TokenBindingVerifier();
  // The types of Node 20 lack the fourth argument.
  const listener = (stream: ServerHttp2Stream, _headers: unknown, _flags: unknown, rawHeaders: string[]) => {
    stream.respond();
    stream.end(verify({ stream, rawHeaders })?.provided.tbh ?? "unbound");
  };
  server.on("stream", listener as never);
  const value = (await field(ekm)).slice("Sec-Token-Binding: ".length);
  const ask = async (headers: object) => {
    const stream = session.request({ ":path": "/", ...headers }).setEncoding("utf8");
    let body = "";
    for await (const chunk of stream) body += String(chunk);
    return body;
  };
  expect(await ask({ "sec-token-binding": value })).toHaveLength(43);
  expect(await ask({})).toBe("unbound");
});

test("from which number of fields on Node may have dropped some, and only in HTTP/1.1", () => {
  const request = (fields: number, httpVersionMajor = 1) => {
    const filler = Array<string>(2 * fields - 2).fill("a");
    return { httpVersionMajor, rawHeaders: [...filler, "sec-token-binding", "AAAA"] };
  };
  expect(verdict(request(999))).toBe("400 connection_unknown");
  expect(verdict(request(1000))).toBe("400 header_malformed");
  expect(verdict(request(3000, 2))).toBe("400 connection_unknown");
});

test("our own mistake is never ignored as the client's", () => {
  const broken = {
    get rawHeaders(): string[] {
      throw new TokenBindingError("unsupported_runtime", "no OpenSSL here");
    },
  };
  expect(() => new TokenBindingVerifier({ onInvalid: "ignore" }).verify(broken)).toThrow("no OpenSSL here");
});

test("errors of a request tell what was expected", () => {
  const verifier = new TokenBindingVerifier();
  const request = { rawHeaders: ["sec-token-binding", "AAAA"], socket: {} } as unknown as NodeRequest;
  expect(() => verifier.verify(request)).toThrow(
    "got a Sec-Token-Binding field on a connection that did not negotiate Token Binding",
  );
  expect(() => verifier.verify({ ...request, socket: undefined })).toThrow(
    "got a Sec-Token-Binding field on a request without a living connection to verify it against",
  );
});

test("what is not a TokenBindingError is not taken for an invalid message", () => {
  const broken = {
    get rawHeaders(): string[] {
      throw new RangeError("out of order");
    },
  } as unknown as Http2ServerRequest;
  expect(() => new TokenBindingVerifier({ onInvalid: "ignore" }).verify(broken)).toThrow(RangeError);
});
