import { connect } from "node:net";
import { TokenBindingError } from "@tokbind/codec";
import { WireReader, wireString } from "./wire.ts";

/** Numbers of draft-ietf-sshm-ssh-agent section 5.1. */
export const messages = {
  failure: 5,
  success: 6,
  requestIdentities: 11,
  identitiesAnswer: 12,
  signRequest: 13,
  signResponse: 14,
  addIdentity: 17,
  removeIdentity: 18,
  addIdConstrained: 25,
} as const;

/** What OpenSSH sends and takes at most, in bytes. */
const maxLength = 256 * 1024;

/** Where an agent listens, and how long to wait for an answer (milliseconds). */
export interface SshAgentAddress {
  readonly socket: string;
  readonly timeout: number;
}

/**
 * One question to an agent, on a connection of its own: one that hangs or answers nonsense costs this question only.
 *
 * @returns the answer, read past its number
 * @throws TokenBindingError `key_store` unless the answer has the expected number
 */
export async function ask(
  address: SshAgentAddress,
  question: readonly Uint8Array[],
  expected: number,
): Promise<WireReader> {
  const answer = new WireReader(await exchange(address, wireString(Buffer.concat(question))));
  const type = readAnswer(address, () => answer.byte());
  if (type === expected) return answer;
  const isRefusal = type === messages.failure;
  throw agentError(
    address,
    isRefusal
      ? "refused; a locked agent, a key that is to be confirmed or a token that is gone does that"
      : `expected an answer of type ${expected}, got ${type}`,
  );
}

/** Reads an answer, so that one that is malformed is the agent's fault. */
export function readAnswer<T>(address: SshAgentAddress, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw agentError(address, `malformed answer: ${error.message}`, error);
    throw error;
  }
}

export function agentError({ socket }: SshAgentAddress, what: string, cause?: unknown): TokenBindingError {
  return new TokenBindingError(
    "key_store",
    `ssh-agent at ${socket}: ${what}`,
    cause === undefined ? {} : { cause },
  );
}

function exchange(address: SshAgentAddress, question: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(address.socket);
    const chunks: Buffer[] = [];
    let received = 0;
    let expected: number | undefined;
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (what: string, cause?: unknown) => {
      finish(() => {
        reject(agentError(address, what, cause));
      });
    };
    const timer = setTimeout(() => {
      fail(`no answer in ${address.timeout} ms`);
    }, address.timeout);
    socket.on("error", (error: NodeJS.ErrnoException) => {
      fail(`cannot be reached: ${error.code ?? error.message}`, error);
    });
    socket.on("close", () => {
      fail("closed the connection before it answered");
    });
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      if (expected === undefined && received >= 4) expected = Buffer.concat(chunks).readUInt32BE();
      if (expected === undefined) return;
      if (expected > maxLength)
        fail(`expected an answer of at most ${maxLength} bytes, got one of ${expected}`);
      else if (received > 4 + expected) fail("sent more than an answer");
      else if (received === 4 + expected) {
        finish(() => {
          resolve(Buffer.concat(chunks).subarray(4));
        });
      }
    });
    socket.write(question);
  });
}
