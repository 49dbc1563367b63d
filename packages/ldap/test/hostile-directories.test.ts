import { once } from "node:events";
import fc from "fast-check";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { bindNtlm, bindScram, connectDirectory, TokenBindingError } from "../src/index.ts";
import { encode, tags } from "../src/ber.ts";
import { type Answer, directoryInTest, message, result } from "./support/directory-of-ours.ts";

const code = (code: string) => expect.objectContaining({ code }) as unknown;
const credentials = { username: "alice", password: "alice-password" };
const mechanisms = ["SCRAM-SHA-256-PLUS"];

async function connect(port: number): Promise<TLSSocket> {
  const socket = await connectDirectory({ host: "127.0.0.1", port, tls: { rejectUnauthorized: false } });
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

/** Binds to a directory that answers this way. */
async function scramTo(answer: Answer, options: object = { mechanisms }): Promise<TLSSocket> {
  const socket = await connect(await directoryInTest(answer));
  try {
    return await bindScram(socket, { ...credentials, timeout: 10_000, ...options });
  } catch (error) {
    expect(socket.destroyed).toBe(true);
    throw error;
  }
}

describe("a directory that is none", () => {
  test("[CB-5802-5.1-03] one that accepts everything is not believed without its signature", async () => {
    await expect(scramTo((id) => result(id, 0))).rejects.toThrow(code("server_signature_invalid"));
    const serverFirst = (request: Buffer) =>
      `r=${/r=([^,]+)$/.exec(request.toString("latin1"))![1]!}x,s=AAAA,i=4096`;
    for (const final of [undefined, "", `v=${Buffer.alloc(32).toString("base64")}`]) {
      for (const last of [0, 14]) {
        const answer: Answer = (id, count, request) =>
          count === 0
            ? result(id, 14, { credentials: serverFirst(request) })
            : result(id, last, final === undefined ? {} : { credentials: final });
        await expect(scramTo(answer)).rejects.toThrow(code("server_signature_invalid"));
      }
    }
    await expect(
      scramTo((id, count, request) =>
        count === 0
          ? result(id, 14, { credentials: serverFirst(request) })
          : result(id, 49, { credentials: "e=invalid-proof" }),
      ),
    ).rejects.toThrow(code("invalid_proof"));
    await expect(scramTo((id) => result(id, 14, { credentials: Buffer.of(0xff) }))).rejects.toThrow(
      code("invalid_encoding"),
    );
  });

  test("one that hangs, in any step, costs the time that was allowed", async () => {
    const timeout = { mechanisms, timeout: 50 };
    await expect(scramTo(() => undefined, timeout)).rejects.toThrow(code("timed_out"));
    await expect(scramTo((id) => result(id, 14).subarray(0, 5), timeout)).rejects.toThrow(code("timed_out"));
    await expect(scramTo(() => undefined, { timeout: 50 })).rejects.toThrow(code("timed_out"));
    const socket = await connect(await directoryInTest(() => undefined));
    await expect(bindNtlm(socket, { ...credentials, timeout: 50 })).rejects.toThrow(code("timed_out"));
  });

  test("one that closes is told apart, and so is its notice of disconnection", async () => {
    const closes: Answer = (_, __, ___, socket) => {
      socket.end();
      return undefined;
    };
    const resets: Answer = (_, __, ___, socket) => {
      socket.destroy();
      return undefined;
    };
    for (const answer of [closes, resets])
      await expect(scramTo(answer)).rejects.toThrow(code("connection_lost"));
    const ends: Answer = (id, _, __, socket) => {
      socket.end(result(id, 14).subarray(0, 5));
      return undefined;
    };
    await expect(scramTo(ends)).rejects.toThrow(code("connection_lost"));
    const notice = () => result(0, 52, { tag: tags.extendedResponse, text: "shutting down" });
    await expect(scramTo(notice)).rejects.toThrow(
      expect.objectContaining({
        code: "connection_lost",
        message: expect.stringContaining("shutting down") as string,
      }),
    );
    const socket = await connect(await directoryInTest(() => undefined));
    socket.destroy();
    await expect(bindNtlm(socket, credentials)).rejects.toThrow(code("no_tls_connection"));
  });

  test("[CB-LDAP-4.2-01] answers that are none", async () => {
    const wrong: Answer[] = [
      (id) => result(id + 1, 49),
      (id) => result(id, 49, { tag: tags.searchResultDone }),
      (id) => message(id, Buffer.alloc(0)),
      (id) => message(id, encode(tags.bindResponse)),
      () => encode(tags.sequence),
      () => encode(tags.octetString, "x"),
      () => Buffer.from("3080", "hex"),
      () => Buffer.from("3085", "hex"),
      () => Buffer.from("30847fffffff", "hex"),
      () => Buffer.from("3084ffffffff", "hex"),
      () => Buffer.from("1f1f1f1f", "hex"),
      () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
      (id) => Buffer.concat([Buffer.of(0x30, 0x83, 1, 0, 1), Buffer.alloc(65_537), Buffer.of(id)]),
    ];
    for (const answer of wrong) await expect(scramTo(answer)).rejects.toThrow(code("invalid_encoding"));
  });

  test("lengths in one to four bytes are all the same", async () => {
    const body = result(1, 49).subarray(2);
    for (const length of ["", "81", "8200", "830000", "84000000"]) {
      const head = Buffer.from(`30${length}${body.length.toString(16).padStart(2, "0")}`, "hex");
      // Windows uses four; and bytes may come one by one.
      const answer: Answer = (_, __, ___, socket) => {
        for (const byte of Buffer.concat([head, body])) socket.write(Buffer.of(byte));
        return undefined;
      };
      await expect(scramTo(answer)).rejects.toThrow(code("invalid_credentials"));
    }
  });

  test("whatever it answers, it is an error of ours", async () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const almost = fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })).map(([at, byte]) => {
      const answer = result(1, 14, { credentials: "r=x,s=AAAA,i=4096" });
      answer[at % answer.length] = byte;
      return answer;
    });
    let next: Uint8Array = Buffer.alloc(0);
    const port = await directoryInTest((_, count, __, socket) => {
      if (count === 0) socket.end(next);
      return undefined;
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, almost), async (answer) => {
        next = answer;
        const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
        await once(socket, "secureConnect");
        const error: unknown = await bindScram(socket, { ...credentials, mechanisms }).catch(
          (error: unknown) => error,
        );
        expect(error).toBeInstanceOf(TokenBindingError);
      }),
      { numRuns: 150 },
    );
  });
});

describe("the root DSE", () => {
  test("says which mechanisms there are; without it there is none", async () => {
    await expect(scramTo((id) => result(id, 0, { tag: tags.searchResultDone }), {})).rejects.toThrow(
      code("mechanism_not_offered"),
    );
    await expect(scramTo((id) => result(id, 14), {})).rejects.toThrow(code("invalid_encoding"));
    const endless: Answer = (id) =>
      Buffer.concat(
        Array.from({ length: 20 }, () =>
          message(id, encode(tags.searchResultEntry, encode(tags.octetString), encode(tags.sequence))),
        ),
      );
    await expect(scramTo(endless, {})).rejects.toThrow(code("invalid_encoding"));
  });
});

describe("NTLM", () => {
  const ntlm = async (challenge: Uint8Array) =>
    bindNtlm(
      await connect(
        await directoryInTest((id, count) =>
          count === 0 ? result(id, 14, { credentials: challenge }) : result(id, 0),
        ),
      ),
      credentials,
    );

  test("challenges that are none", async () => {
    const challenge = (change: (bytes: Buffer) => void, targetInfo = Buffer.alloc(4)) => {
      const bytes = Buffer.alloc(48 + targetInfo.length);
      bytes.write("NTLMSSP\0", "latin1");
      bytes[8] = 2;
      bytes.writeUInt32LE(0xa0888205, 20);
      bytes.writeUInt16LE(targetInfo.length, 40);
      bytes.writeUInt32LE(48, 44);
      targetInfo.copy(bytes, 48);
      change(bytes);
      return bytes;
    };
    await expect(ntlm(challenge(() => undefined))).resolves.toBeDefined();
    const early = await connect(await directoryInTest((id) => result(id, 0)));
    await expect(bindNtlm(early, credentials)).rejects.toThrow(code("invalid_encoding"));
    const wrong = [
      Buffer.alloc(0),
      Buffer.alloc(48),
      challenge((bytes) => (bytes[8] = 3)),
      challenge((bytes) => bytes.writeUInt32LE(0xffffffff, 44)),
      challenge((bytes) => bytes.writeUInt16LE(0, 40)),
      challenge((bytes) => bytes.writeUInt16LE(400, 40)),
      challenge((bytes) => bytes.writeUInt32LE(0xa0008205, 20)),
      challenge((bytes) => bytes.writeUInt32LE(0xa0808205, 20)),
      challenge(() => undefined, Buffer.from("0200ffff", "hex")),
      challenge(() => undefined, Buffer.from("0700040000000000" + "00000000", "hex")),
      challenge(() => undefined, Buffer.from("02000000" + "02000000" + "00000000", "hex")),
      challenge(() => undefined, Buffer.from("020000", "hex")),
    ];
    for (const bytes of wrong) await expect(ntlm(bytes)).rejects.toThrow(code("invalid_encoding"));
  });
});

describe("StartTLS", () => {
  const startTls = (port: number, timeout = 10_000) =>
    connectDirectory({
      host: "127.0.0.1",
      port,
      startTls: true,
      tls: { rejectUnauthorized: false },
      timeout,
    });
  const yes = { tag: tags.extendedResponse };

  test("what comes in the clear after the answer is not taken for what comes over TLS", async () => {
    const port = await directoryInTest((id) => Buffer.concat([result(id, 0, yes), result(2, 0)]), {
      isPlain: true,
    });
    await expect(startTls(port)).rejects.toThrow(code("invalid_encoding"));
  });

  test("refused, not spoken, and hanging are told apart", async () => {
    const answering = (answer: Answer) => directoryInTest(answer, { isPlain: true });
    await expect(startTls(await answering((id) => result(id, 2, yes)))).rejects.toThrow(code("bind_refused"));
    await expect(startTls(await answering(() => undefined), 50)).rejects.toThrow(code("timed_out"));
    await expect(
      startTls(await answering((id, count) => (count === 0 ? result(id, 0, yes) : undefined)), 50),
    ).rejects.toThrow(code("timed_out"));
    await expect(startTls(await answering(() => Buffer.from("* OK IMAP\r\n")))).rejects.toThrow(
      code("invalid_encoding"),
    );
  });
});

test("nothing is left on a socket that is handed on", async () => {
  const names = ["error", "close", "readable", "data", "secureConnect"] as const;
  const port = await directoryInTest(() => undefined);
  const socket = await connect(port);
  const plain = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
  await once(plain, "secureConnect");
  const counts = (socket: TLSSocket) => names.map((name) => socket.listenerCount(name));
  expect(counts(socket)).toEqual(counts(plain));
  plain.destroy();
});

test("a connection that does not come about says why", async () => {
  const port = await directoryInTest(() => undefined);
  await expect(connectDirectory({ host: "127.0.0.1", port })).rejects.toThrow(
    expect.objectContaining({
      code: "connection_lost",
      message: expect.stringMatching(/self-signed/) as string,
    }),
  );
  const plain = await directoryInTest(() => undefined, { isPlain: true });
  await expect(connectDirectory({ host: "127.0.0.1", port: plain, timeout: 50 })).rejects.toThrow(
    code("timed_out"),
  );
  for (const wrong of [
    { host: "" },
    { host: "h", port: 0 },
    { host: "h", startTLS: true },
    { host: "h", timeout: 0 },
  ]) {
    await expect(connectDirectory(wrong)).rejects.toThrow(code("invalid_argument"));
  }
});
