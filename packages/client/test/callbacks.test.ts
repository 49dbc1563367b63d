import { EventEmitter, once } from "node:events";
import { TokenBindingError } from "@tokbind/codec";
import { generateKey, type TokenBindingKey } from "@tokbind/crypto";
import { request } from "undici";
import { describe, expect, test } from "vitest";
import { MemoryKeyStore, type TokenBindingAgentOptions } from "../src/index.ts";
import { failure, get, makeAgent, storeOf } from "./support/agents.ts";
import { serve } from "./support/origin.ts";

// vitest fails a run with an unhandled rejection or an uncaught exception, so each test here shows that there is none.

const strange: [string, unknown][] = [
  ["an Error", new Error("out of order")],
  ["undefined", undefined],
  ["null", null],
  ["a string", "secret-4711"],
  ["an object", { message: "secret-4711" }],
  ["an object that cannot be shown", Object.create(null)],
  ["a symbol", Symbol("secret-4711")],
];

/** Fails with this error and sends nothing; and after that, as after any failure, the agent still works. */
async function refused(
  options: (broken: () => boolean) => TokenBindingAgentOptions,
  allowH2: boolean,
): Promise<Error> {
  let broken = true;
  const origin = await serve({ http2: allowH2 });
  const agent = makeAgent({ connections: 1, allowH2, ...options(() => broken) });
  const error = await failure(request(origin.url, { dispatcher: agent }));
  expect(origin.seen).toHaveLength(0);
  broken = false;
  await get(agent, origin.url);
  expect(origin.seen[0]!.id).toBeDefined();
  broken = true;
  expect(await failure(request(origin.url, { dispatcher: agent }))).toMatchObject({ message: error.message });
  expect(origin.seen).toHaveLength(1);
  return error;
}

describe.each([false, true])("allowH2: %j", (allowH2) => {
  test.each(strange)("a key store that rejects with %s", async (_what, thrown) => {
    const good = new MemoryKeyStore();
    const error = await refused(
      (broken) => ({
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what this is about
        keyStore: storeOf((...args) => (broken() ? Promise.reject(thrown) : good.get(...args))),
      }),
      allowH2,
    );
    expect(error).toBeInstanceOf(TokenBindingError);
    expect(error).toMatchObject({
      code: "key_store",
      message: expect.stringMatching(/^key store: get\(\): /) as string,
    });
    expect(error.message).not.toContain("4711");
    expect(error.cause).toBe(thrown);
  });

  test.each(strange)("observe that throws %s", async (_what, thrown) => {
    const error = await refused(
      (broken) => ({
        observe: () => {
          if (broken()) throw thrown;
        },
      }),
      allowH2,
    );
    expect(error).toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/^observe: /) as string,
    });
    expect(error.cause).toBe(thrown);
  });
});

test.each(strange)(
  "a scope function that throws %s fails the request with invalid_argument",
  async (_what, thrown) => {
    const origin = await serve();
    const agent = makeAgent({
      scope: () => {
        throw thrown;
      },
    });
    const error = await failure(request(origin.url, { dispatcher: agent }));
    expect(error).toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/^scope: /) as string,
    });
    expect(error.cause).toBe(thrown);
    expect(origin.seen).toHaveLength(0);
  },
);

test("an error of ours stays as it is", async () => {
  const origin = await serve();
  const locked = new TokenBindingError("unsupported_runtime", "locked");
  const agents = [
    makeAgent({ keyStore: storeOf(() => Promise.reject(locked)) }),
    makeAgent({
      scope: () => {
        throw locked;
      },
    }),
    makeAgent({
      observe: () => {
        throw locked;
      },
    }),
  ];
  for (const agent of agents) expect(await failure(request(origin.url, { dispatcher: agent }))).toBe(locked);
});

const late = () => Promise.reject(new Error("late"));

test.each([() => undefined, () => null, () => 5, () => ({}), () => Promise.resolve("x"), late])(
  "a scope that is no string is refused: %s",
  async (scope) => {
    const origin = await serve();
    const agent = makeAgent({ scope: scope as never });
    const error = await failure(request(origin.url, { dispatcher: agent }));
    expect(error).toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/^scope: expected a string/) as string,
    });
  },
);

test("the scope function is asked once per origin, with an origin of its own", async () => {
  const origin = await serve();
  const asked: string[] = [];
  const scope = (url: URL) => {
    asked.push(url.href);
    url.hostname = "changed.example";
    return "scope";
  };
  const urls: string[] = [];
  const agent = makeAgent({ scope, observe: ({ url }) => urls.push(url) });
  await get(agent, `${origin.url}/a?b`);
  await get(agent, `${origin.url}/c`);
  expect(asked).toEqual([`${origin.url}/`]);
  expect(urls).toEqual([`${origin.url}/a?b`, `${origin.url}/c`]);
  expect(origin.seen).toHaveLength(2);
});

test.each<() => unknown>([() => Promise.resolve(), late])(
  "observe may not be asynchronous: %s",
  async (observe) => {
    const origin = await serve();
    const agent = makeAgent({ observe: () => observe() });
    const error = await failure(request(origin.url, { dispatcher: agent }));
    expect(error).toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("promise") as string,
    });
    expect(origin.seen).toHaveLength(0);
  },
);

const key = await generateKey("ecdsap256");
const rsa = await generateKey("rsa2048_pss");

describe("a key store that gives something else", () => {
  const other: [string, unknown][] = [
    ["undefined", undefined],
    ["null", null],
    ["text", "secret-4711"],
    ["an empty object", {}],
    ["a key without an ID", { ...key, id: undefined }],
    ["a key with an ID that is none", { ...key, id: { ...key.id, bytes: "secret-4711" } }],
    ["a key that cannot sign", { ...key, sign: undefined }],
    ["a key of another type", rsa],
    ["a key of another type that claims to be right", { ...rsa, keyParameters: "ecdsap256" }],
    ["a key with another type's ID", { ...key, id: rsa.id }],
    ["a key that signs with nothing", { ...key, sign: () => Promise.resolve(undefined) }],
    ["a key that signs in another form", { ...key, sign: () => Promise.resolve(new Uint8Array(70)) }],
    ["a key that throws", { ...key, sign: () => expect.fail("secret") }],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what this is about
    ["a key that rejects with nothing", { ...key, sign: () => Promise.reject() }],
  ];
  test.each(other)("%s", async (_what, given) => {
    const origin = await serve();
    const agent = makeAgent({ keyStore: storeOf(() => Promise.resolve(given as TokenBindingKey)) });
    for (let i = 0; i < 2; i++) {
      const error = await failure(request(origin.url, { dispatcher: agent }));
      expect(error).toBeInstanceOf(TokenBindingError);
      expect(error).toMatchObject({
        code: expect.stringMatching(/^(key_store|invalid_argument)$/) as string,
      });
      expect(error.message).not.toContain("4711");
    }
    expect(origin.seen).toHaveLength(0);
  });

  test("at once, and not as a promise", async () => {
    const origin = await serve();
    const agent = makeAgent({ keyStore: storeOf(() => key as never) });
    await get(agent, origin.url);
    expect(origin.seen[0]!.id).toBeDefined();
  });
});

test("agents share no keys, sessions or connections unless they share a store [TBP-4.1-04]", async () => {
  const origin = await serve();
  const keyStore = new MemoryKeyStore();
  for (const agent of [makeAgent(), makeAgent(), makeAgent({ keyStore }), makeAgent({ keyStore })]) {
    await get(agent, origin.url);
  }
  const [one, other, shared, again] = origin.seen.map(({ id }) => id);
  expect(new Set([one, other, shared]).size).toBe(3);
  expect(again).toBe(shared);
  expect(origin.seen.map(({ resumed }) => resumed)).toEqual([false, false, false, false]);
});

describe("functions that node calls", () => {
  test.each(strange)("checkServerIdentity that throws or returns %s", async (_what, thrown) => {
    const origin = await serve();
    const throwing = makeAgent({
      connect: {
        checkServerIdentity: () => {
          throw thrown;
        },
      },
    });
    const error = await failure(request(origin.url, { dispatcher: throwing }));
    if (thrown instanceof Error) expect(error).toBe(thrown);
    else expect(error).toMatchObject({ code: "invalid_argument", cause: thrown });
    const returning = makeAgent({ connect: { checkServerIdentity: () => thrown as Error } });
    if (thrown === undefined) await get(returning, origin.url);
    else expect(await failure(request(origin.url, { dispatcher: returning }))).toBeInstanceOf(Error);
    expect(origin.seen).toHaveLength(thrown === undefined ? 1 : 0);
  });

  test("checkServerIdentity that is asynchronous trusts nobody", async () => {
    const origin = await serve();
    const check = () => Promise.resolve(undefined) as never;
    const agent = makeAgent({ connect: { checkServerIdentity: check } });
    expect(await failure(request(origin.url, { dispatcher: agent }))).toMatchObject({
      code: "invalid_argument",
    });
    expect(origin.seen).toHaveLength(0);
  });

  test.each(strange)("lookup that throws %s", async (_what, thrown) => {
    const lookup = () => {
      throw thrown;
    };
    for (const autoSelectFamily of [true, false]) {
      const agent = makeAgent({ connect: { lookup, autoSelectFamily }, connections: 1 });
      const requests = [1, 2].map(() => failure(request("https://www.example.com/", { dispatcher: agent })));
      for (const error of await Promise.all(requests)) expect(error).toBeInstanceOf(Error);
    }
  });

  test.each([
    [
      "an error",
      (callback: (...args: unknown[]) => void) => {
        callback(new Error("no such name"));
      },
    ],
    [
      "nonsense",
      (callback: (...args: unknown[]) => void) => {
        callback(null, "nonsense", 9);
      },
    ],
    [
      "nothing",
      (callback: (...args: unknown[]) => void) => {
        callback(null, []);
      },
    ],
  ])("lookup that gives %s", async (_what, answer) => {
    const agent = makeAgent({
      connect: {
        lookup: (_name, _options, callback) => {
          answer(callback as never);
        },
      },
    });
    expect(await failure(request("https://www.example.com/", { dispatcher: agent }))).toBeInstanceOf(Error);
  });
});

test("a store that is slow is asked while the agent is destroyed, and nothing is sent", async () => {
  const origin = await serve();
  const good = new MemoryKeyStore();
  const asked = new EventEmitter();
  const keyStore = storeOf(async (...args) => {
    asked.emit("asked");
    await once(asked, "go on");
    return good.get(...args);
  });
  const agent = makeAgent({ keyStore });
  const isAsked = once(asked, "asked");
  const failing = failure(request(origin.url, { dispatcher: agent }));
  await isAsked;
  await agent.destroy(new Error("enough"));
  asked.emit("go on");
  expect((await failing).message).toBe("enough");
  expect(origin.seen).toHaveLength(0);
});
