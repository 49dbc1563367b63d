import { createHmac, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createScramCredentials,
  ScramClient,
  type ScramClientOptions,
  type ScramMechanism,
  ScramServer,
  type ScramServerOptions,
  scramServerError,
  TokenBindingError,
} from "../src/index.ts";
import { clientKey, digest, hmac, saltedPassword, serverKey, xor } from "../src/scram/keys.ts";

const password = "pencil";
const secret = Buffer.alloc(16, 7);
const binding = { type: "tls-exporter", data: Buffer.alloc(32, 1) };
const accepted = (type: string) => (type === "tls-exporter" ? [binding.data] : []);
const credentials = {
  "SCRAM-SHA-1": await createScramCredentials("SCRAM-SHA-1", password),
  "SCRAM-SHA-256": await createScramCredentials("SCRAM-SHA-256", password),
  "SCRAM-SHA-512": await createScramCredentials("SCRAM-SHA-512", password),
};
const plus = "SCRAM-SHA-256-PLUS";

const makeClient = (options: Partial<ScramClientOptions> = {}) =>
  new ScramClient({ mechanisms: [plus], username: "user", password, channelBinding: binding, ...options });

function makeServer(options: Partial<ScramServerOptions> = {}) {
  const { mechanism = plus } = options;
  const kept = credentials[mechanism.replace("-PLUS", "") as keyof typeof credentials];
  return new ScramServer({
    mechanism,
    channelBinding: accepted,
    credentials: (username) => (username === "user" ? kept : undefined),
    secret,
    ...options,
  });
}

async function login(client: ScramClient, server: ScramServer) {
  const clientFinal = await client.final(await server.first(client.first()));
  const done = server.final(clientFinal);
  client.verify(done.serverFinal);
  return done;
}

const code = (code: string) => expect.objectContaining({ code }) as unknown;

describe("the examples of the RFCs", () => {
  test.each([
    [
      "RFC 5802 section 5",
      "sha1",
      "n=user,r=fyko+d2lbbFgONRv9qkxdawL",
      "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
      "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ],
    [
      "[CB-7677-3-01] RFC 7677 section 3",
      "sha256",
      "n=user,r=rOprNGfwEbeRWgbNEkqO",
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
      "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ],
  ] as const)("%s", async (_, hash, bare, serverFirst, withoutProof, proof, signature) => {
    const salt = Buffer.from(/s=([^,]+)/.exec(serverFirst)![1]!, "base64");
    const salted = await saltedPassword(hash, password, salt, 4096);
    const authMessage = `${bare},${serverFirst},${withoutProof}`;
    const key = clientKey(hash, salted);
    expect(xor(key, hmac(hash, digest(hash, key), authMessage)).toString("base64")).toBe(proof);
    expect(hmac(hash, serverKey(hash, salted), authMessage).toString("base64")).toBe(signature);
  });
});

test.each(Object.keys(credentials) as (keyof typeof credentials)[])(
  "%s, with and without -PLUS",
  async (name) => {
    const bound = `${name}-PLUS` as const;
    const done = await login(makeClient({ mechanisms: [name, bound] }), makeServer({ mechanism: bound }));
    expect(done).toMatchObject({ username: "user", authzid: undefined, channelBinding: "tls-exporter" });

    const client = makeClient({ mechanisms: [name, bound], channelBinding: undefined, acceptUnbound: true });
    expect(client.mechanism).toBe(name);
    const unbound = await login(client, makeServer({ mechanism: name, acceptUnbound: true }));
    expect(unbound).toMatchObject({ username: "user", channelBinding: undefined });
  },
);

describe("what a client chooses", () => {
  test("[CB-5802-6-01] -PLUS whenever it is offered, with p=, though another has the longer hash", () => {
    const client = makeClient({
      mechanisms: ["PLAIN", "SCRAM-SHA-512", "SCRAM-SHA-1-PLUS"],
      acceptUnbound: true,
    });
    expect(client.mechanism).toBe("SCRAM-SHA-1-PLUS");
    expect(client.first()).toMatch(/^p=tls-exporter,,n=user,r=/);
  });

  test("[CB-5802-6-02] without -PLUS on offer it says y where unbound logins are accepted, and n where it cannot bind", () => {
    const mechanisms = ["SCRAM-SHA-256", "SCRAM-SHA-1"];
    const canBind = makeClient({ mechanisms, acceptUnbound: true });
    expect([canBind.mechanism, canBind.first().slice(0, 3)]).toEqual(["SCRAM-SHA-256", "y,,"]);
    const cannot = makeClient({ mechanisms, acceptUnbound: true, channelBinding: undefined });
    expect(cannot.first().slice(0, 3)).toBe("n,,");
  });

  test("never less than was asked for", () => {
    for (const mechanisms of [["SCRAM-SHA-256"], [], ["PLAIN", "SCRAM-SHA-256-PLU"]]) {
      expect(() => makeClient({ mechanisms })).toThrow(code("mechanism_not_offered"));
    }
    const options = { mechanisms: [plus], channelBinding: undefined };
    expect(() => makeClient({ ...options, acceptUnbound: true })).toThrow(code("mechanism_not_offered"));
    expect(() => makeClient(options)).toThrow(code("invalid_argument"));
  });

  test("impossible options", () => {
    const wrong: object[] = [
      { username: "" },
      { password: "" },
      { password: "\u0007" },
      { authzid: "\ue000" },
      { channelBinding: { type: "a,b", data: binding.data } },
      { channelBinding: { type: "tls-exporter", data: Buffer.alloc(0) } },
      { channelBinding: { ...binding, hash: "sha256" } },
      { channelBinding: "tls-exporter" },
      { mechanisms: plus },
      { mechanism: plus },
    ];
    for (const options of wrong) expect(() => makeClient(options)).toThrow(code("invalid_argument"));
    expect(() => makeClient({ channelBinding: { socket: {} } as never })).toThrow(code("no_tls_connection"));
  });
});

describe("what a server refuses", () => {
  const first = (message: string, options: Partial<ScramServerOptions> = {}) =>
    makeServer(options).first(message);
  const unbound = { mechanism: "SCRAM-SHA-256" as ScramMechanism, acceptUnbound: true };

  test("[CB-5802-6-03] y, where it offers -PLUS", async () => {
    await expect(first("y,,n=user,r=abc", unbound)).rejects.toThrow(
      code("server_does_support_channel_binding"),
    );
    await expect(first("y,,n=user,r=abc", { ...unbound, channelBinding: undefined })).resolves.toMatch(
      /^r=abc/,
    );
  });

  test("[CB-5802-6-04] a type that the connection does not have", async () => {
    for (const type of ["tls-unique", "unknown"]) {
      await expect(first(`p=${type},,n=user,r=abc`)).rejects.toThrow(
        code("unsupported_channel_binding_type"),
      );
    }
  });

  test("[CB-5802-6-05] -PLUS with n or y, and p= without -PLUS", async () => {
    for (const flag of ["n", "y"]) {
      await expect(first(`${flag},,n=user,r=abc`, { acceptUnbound: true })).rejects.toThrow(
        code("channel_bindings_dont_match"),
      );
    }
    await expect(first("p=tls-exporter,,n=user,r=abc", unbound)).rejects.toThrow(
      code("channel_binding_not_supported"),
    );
  });

  test("an unbound login, unless it is accepted by explicit word", async () => {
    const options = { mechanism: "SCRAM-SHA-256" as const };
    await expect(first("n,,n=user,r=abc", options)).rejects.toThrow(code("channel_bindings_dont_match"));
    await expect(first("n,,n=user,r=abc", unbound)).resolves.toMatch(/^r=abc/);
    expect(() => makeServer({ channelBinding: undefined })).toThrow(code("invalid_argument"));
  });

  test("[CB-5802-7-01] [CB-5802-5.1-06] [CB-5802-5.1-04] messages outside of the grammar", async () => {
    const malformed = [
      "",
      "n",
      "p=,,n=user,r=abc",
      "p=tls_exporter,,n=user,r=abc",
      "p=tls-exporter,n=user,r=abc",
      "p=tls-exporter,,n=,r=abc",
      "p=tls-exporter,,n=a=b,r=abc",
      "p=tls-exporter,,n=a=2c,r=abc",
      "p=tls-exporter,,n=user\0,r=abc",
      "p=tls-exporter,,n=user,r=",
      "p=tls-exporter,,n=user,r=a c",
      "p=tls-exporter,,n=user,r=abc,",
      "p=tls-exporter,,n=user,r=abc\n",
      "p=tls-exporter,user,n=user,r=abc",
      "p=tls-exporter,a=,n=user,r=abc",
      "p=tls-exporter,,r=abc,n=user",
      `p=tls-exporter,,n=${"a".repeat(9000)},r=abc`,
      `p=tls-exporter,,n=\u0007,r=abc`,
      `p=tls-exporter,,n=\ud800,r=abc`,
    ];
    for (const message of malformed) await expect(first(message)).rejects.toThrow(code("invalid_encoding"));
    for (const message of ["p=tls-exporter,,m=x,n=user,r=abc", "p=tls-exporter,,n=user,r=abc,m=x"]) {
      await expect(first(message)).rejects.toThrow(code("extensions_not_supported"));
    }
    await expect(first("p=tls-exporter,,n=user,r=abc,x=unknown extension")).resolves.toMatch(/^r=abc/);
  });

  test("[CB-5802-5.1-01] every bit of c= that differs, and every other part of the final message", async () => {
    const run = async (change: (message: string) => string) => {
      const [client, server] = [makeClient(), makeServer()];
      const final = await client.final(await server.first(client.first()));
      return server.final(change(final));
    };
    await expect(run((message) => message)).resolves.toMatchObject({ username: "user" });
    const header = Buffer.from("p=tls-exporter,,");
    const right = Buffer.concat([header, binding.data]);
    // One login takes a while, so a bit of each byte; all bits of the first and last.
    const bits = [...right.keys()]
      .map((byte) => byte * 8 + (byte % 8))
      .concat([0, 1, 2, 3, 4, 5, 6, 7], [376, 383]);
    await Promise.all(
      bits.map((bit) => {
        const other = Buffer.from(right);
        other[bit >> 3]! ^= 1 << (bit & 7);
        const change = (message: string) => message.replace(/c=[^,]+/, `c=${other.toString("base64")}`);
        return expect(run(change)).rejects.toThrow(code("channel_bindings_dont_match"));
      }),
    );
    const changes: Record<string, [(message: string) => string, string]> = {
      "no binding data": [
        (m) => m.replace(/c=[^,]+/, `c=${header.toString("base64")}`),
        "channel_bindings_dont_match",
      ],
      "that of n": [(m) => m.replace(/c=[^,]+/, "c=biws"), "channel_bindings_dont_match"],
      "unused bits": [
        (m) => m.replace(/(.)=$/, (_, last: string) => `${unusedBitSet(last)}=`),
        "invalid_encoding",
      ],
      "another nonce": [(m) => m.replace("r=", "r=x"), "nonce_mismatch"],
      "a shorter nonce": [(m) => m.replace(/(r=[^,]+)[^,],/, "$1,"), "nonce_mismatch"],
      "a wrong proof": [
        (m) => m.replace(/p=.*/, `p=${Buffer.alloc(32).toString("base64")}`),
        "invalid_proof",
      ],
      "a short proof": [(m) => m.replace(/p=.*/, "p=AAAA"), "invalid_proof"],
      "no proof": [(m) => m.replace(/,p=.*/, ""), "invalid_encoding"],
      "an extension that is not signed": [(m) => m.replace(",p=", ",x=y,p="), "invalid_proof"],
      "a mandatory one": [(m) => m.replace(",p=", ",m=y,p="), "extensions_not_supported"],
    };
    for (const [change, expected] of Object.values(changes)) {
      await expect(run(change)).rejects.toThrow(code(expected));
    }
  });

  test("[CB-5802-9-01] an unknown user is shown a salt that stays, and fails as with a wrong password", async () => {
    const firstOf = async (name: string, server = makeServer()) =>
      /,s=([^,]+),i=(\d+)$/.exec(await server.first(`p=tls-exporter,,n=${name},r=abc`))!.slice(1);
    expect(await firstOf("nobody")).toEqual(await firstOf("nobody"));
    expect(await firstOf("nobody")).not.toEqual(await firstOf("somebody"));
    expect(await firstOf("nobody")).not.toEqual(
      await firstOf("nobody", makeServer({ secret: Buffer.alloc(16, 8) })),
    );
    const [salt, iterations] = await firstOf("nobody");
    const [knownSalt, knownIterations] = await firstOf("user");
    expect([salt!.length, iterations]).toEqual([knownSalt!.length, knownIterations]);

    const failed = [{ username: "nobody" }, { password: "wrong" }].map((options) =>
      login(makeClient(options), makeServer()).catch(
        (error: unknown) => (error as TokenBindingError).message,
      ),
    );
    expect(new Set(await Promise.all(failed)).size).toBe(1);
    await expect(login(makeClient({ username: "nobody" }), makeServer())).rejects.toThrow(
      code("invalid_proof"),
    );
  });

  test("its own mistakes are not the client's", async () => {
    const wrong: object[] = [
      { secret: Buffer.alloc(15) },
      { mechanism: "SCRAM-SHA-384" },
      { iterations: 4095 },
      { channelBinding: { socket: {}, certificates: ["none"] } },
      { channelBinding: { socket: {}, certificates: [] } },
      { plus: true },
    ];
    for (const options of wrong) expect(() => makeServer(options)).toThrow(code("invalid_argument"));
    const kept = { ...credentials["SCRAM-SHA-256"], storedKey: Buffer.alloc(20) };
    await expect(makeServer({ credentials: () => kept }).first(makeClient().first())).rejects.toThrow(
      code("invalid_argument"),
    );
    const server = makeServer({ channelBinding: { socket: {} as never } });
    await expect(server.first(makeClient().first())).rejects.toThrow(code("no_tls_connection"));
    expect(() => makeServer().final("c=biws,r=a,p=AAAA")).toThrow(code("invalid_argument"));
    await expect(createScramCredentials("SCRAM-SHA-256", password, 1)).rejects.toThrow(
      code("invalid_argument"),
    );
  });
});

/** A character of base64 that ends in zeros, and means the same where they are unused. */
function unusedBitSet(character: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return alphabet[alphabet.indexOf(character) + 1]!;
}

describe("what a client refuses in a server", () => {
  const afterFirst = (change: (nonce: string) => string, client = makeClient()) => {
    const nonce = /r=(.*)$/.exec(client.first())![1]!;
    return client.final(change(nonce));
  };

  test("[CB-5802-5.1-02] a nonce that does not begin with its own, or adds nothing", async () => {
    for (const change of [
      (own: string) => own,
      (own: string) => `x${own}`,
      (own: string) => own.slice(0, -1),
    ]) {
      await expect(afterFirst((own) => `r=${change(own)},s=AAAA,i=4096`)).rejects.toThrow(
        code("nonce_mismatch"),
      );
    }
  });

  test("[CB-5802-5.1-05] [A-65] too few iterations, and more work than anybody needs", async () => {
    for (const count of ["1", "4095", "2000001", "1000000000", "9999999999"]) {
      await expect(afterFirst((own) => `r=${own}x,s=AAAA,i=${count}`)).rejects.toThrow(
        code("iteration_count"),
      );
    }
    await expect(afterFirst((own) => `r=${own}x,s=AAAA,i=4096`)).resolves.toMatch(/^c=/);
  });

  test("[CB-5802-5.1-04] mandatory extensions and malformed messages", async () => {
    await expect(afterFirst((own) => `m=x,r=${own}x,s=AAAA,i=4096`)).rejects.toThrow(
      code("extensions_not_supported"),
    );
    const malformed = ["i=0", "i=-1", "i=4096.5", "i=04096", "i=1e9", "i=99999999999", "i=", "i=4096,"];
    for (const i of malformed) {
      await expect(afterFirst((own) => `r=${own}x,s=AAAA,${i}`)).rejects.toThrow(code("invalid_encoding"));
    }
    for (const s of ["s=", "s=A", "s=AA", "s=AA=A", "s=*AAA", "x=AAAA"]) {
      await expect(afterFirst((own) => `r=${own}x,${s},i=4096`)).rejects.toThrow(code("invalid_encoding"));
    }
    await expect(afterFirst((own) => `r=${own}${"x".repeat(9000)},s=AAAA,i=4096`)).rejects.toThrow(
      code("invalid_encoding"),
    );
  });

  test("[CB-5802-5.1-03] a last message without the right v=", async () => {
    const answers: Record<string, string> = {
      "v=": "server_signature_invalid",
      "v=AAAA": "server_signature_invalid",
      [`v=${Buffer.alloc(32).toString("base64")}`]: "server_signature_invalid",
      "": "server_signature_invalid",
      ok: "invalid_encoding",
      "e=invalid-proof": "invalid_proof",
      "e=unknown-user": "invalid_proof",
      "e=channel-bindings-dont-match": "channel_bindings_dont_match",
      "e=server-does-support-channel-binding": "server_does_support_channel_binding",
      "e=unheard-of": "other_error",
    };
    for (const [answer, expected] of Object.entries(answers)) {
      const [client, server] = [makeClient(), makeServer()];
      server.final(await client.final(await server.first(client.first())));
      expect(() => {
        client.verify(answer);
      }).toThrow(code(expected));
      // And nothing makes up for it.
      expect(() => {
        client.verify(answer);
      }).toThrow(code("invalid_argument"));
    }
  });

  test("an error in place of its first message", async () => {
    await expect(afterFirst(() => "e=unsupported-channel-binding-type")).rejects.toThrow(
      code("unsupported_channel_binding_type"),
    );
  });

  test("a server that knows no password cannot make the client's proof count", async () => {
    const client = makeClient();
    const nonce = /r=(.*)$/.exec(client.first())![1]!;
    await client.final(`r=${nonce}x,s=AAAA,i=4096`);
    const salted = pbkdf2Sync("guess", Buffer.from("AAAA", "base64"), 4096, 32, "sha256");
    const signature = createHmac("sha256", salted).update("Server Key").digest("base64");
    expect(() => {
      client.verify(`v=${signature}`);
    }).toThrow(code("server_signature_invalid"));
  });
});

test("[CB-5802-2.2-01] names and passwords are the same when SASLprep makes them so", async () => {
  // RFC 4013 section 3, of non-spacing and compatible characters.
  for (const [one, other] of [
    ["I\u00adX", "IX"],
    ["\u00aa", "a"],
    ["\u2168", "IX"],
  ] as const) {
    const kept = await createScramCredentials(plus, other);
    const server = makeServer({ credentials: (name) => (name === other ? kept : undefined) });
    expect(await login(makeClient({ username: one, password: one }), server)).toMatchObject({
      username: other,
    });
  }
  for (const forbidden of ["\u0007", "\u0627\u0031"]) {
    await expect(createScramCredentials(plus, forbidden)).rejects.toThrow(code("invalid_argument"));
  }
});

test("[CB-5802-5.1-06] any name comes through, and whom to act as", async () => {
  const names = fc.string({
    unit: fc.constantFrom("a", ",", "=", "2", "C", "ü"),
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(names, names, async (username, authzid) => {
      const server = makeServer({ credentials: () => credentials["SCRAM-SHA-256"] });
      expect(await login(makeClient({ username, authzid }), server)).toMatchObject({ username, authzid });
    }),
    { numRuns: 30 },
  );
});

test("nothing that a peer may send does anything but throw an error of ours", async () => {
  const parts = fc.array(
    fc.constantFrom(
      "p=tls-exporter",
      "n",
      "y",
      ",",
      "=",
      "n=user",
      "r=",
      "a=",
      "c=",
      "s=",
      "i=4096",
      "m=",
      "v=",
      "AAAA",
      "biws",
      "\0",
      "é",
      "x",
    ),
  );
  await fc.assert(
    fc.asyncProperty(parts, async (parts) => {
      const text = parts.join("");
      const client = makeClient();
      client.first();
      const server = makeServer();
      const results = await Promise.allSettled([
        makeServer().first(text),
        client.final(text),
        server.first(makeClient().first()).then(() => server.final(text)),
      ]);
      for (const result of results) {
        if (result.status === "rejected") expect(result.reason).toBeInstanceOf(TokenBindingError);
      }
      expect(results.slice(1).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    }),
  );
});

test("what a client is told", () => {
  const told = (code: ConstructorParameters<typeof TokenBindingError>[0]) =>
    scramServerError(new TokenBindingError(code, "…"));
  expect(told("channel_bindings_dont_match")).toBe("e=channel-bindings-dont-match");
  expect(told("server_does_support_channel_binding")).toBe("e=server-does-support-channel-binding");
  expect(told("unsupported_channel_binding_type")).toBe("e=unsupported-channel-binding-type");
  expect(told("channel_binding_not_supported")).toBe("e=channel-binding-not-supported");
  expect(told("extensions_not_supported")).toBe("e=extensions-not-supported");
  expect(told("invalid_proof")).toBe("e=invalid-proof");
  expect(told("nonce_mismatch")).toBe("e=other-error");
  expect(scramServerError(new Error("database"))).toBe("e=other-error");
});

test("methods work when they are taken off their objects", async () => {
  const { first, final, verify } = makeClient();
  const server = makeServer();
  const { first: serverFirst, final: serverFinal } = server;
  verify(serverFinal(await final(await serverFirst(first()))).serverFinal);
});
