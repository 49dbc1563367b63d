// The handshakes of the vectors that no end here can make by itself: something on the wire takes out or puts in.

import { expect, test } from "vitest";
import { keyParametersName, decodeTokenBindingParameters } from "@tokbind/codec";
import {
  extension24,
  handshake,
  type Hello,
  helloProxy,
  only,
  raw,
  type Tape,
  tokenBinding,
} from "@tokbind/testing/handshake";
import { type Case, title, vectorFiles } from "./support/vectors.ts";

interface Handshake {
  readonly tlsVersion: string;
  readonly renegotiationIndication: boolean;
  readonly offer: string | null;
  readonly answer?: string;
  readonly alert?: string;
}

const edited = (group: string) =>
  vectorFiles
    .filter((file) => file.group === group)
    .flatMap(({ tests }) => tests as readonly (Case & Handshake)[])
    .filter(({ tlsVersion, renegotiationIndication, offer, answer }) => {
      return tlsVersion === "1.2" && (!renegotiationIndication || (offer === null && answer !== undefined));
    })
    .map((test) => [title(test), test] as const);

const renegotiationInfo = 0xff01;
const renegotiationSuite = 0x00ff;
const alerts: Readonly<Record<string, number>> = { unsupported_extension: 110 };

function withoutRenegotiationIndication(hello: Hello): void {
  hello.extensions = hello.extensions.filter(([type]) => type !== renegotiationInfo);
  hello.cipherSuites = hello.cipherSuites.filter((suite) => suite !== renegotiationSuite);
}

async function through(ends: Parameters<typeof handshake>[0], edit: (hello: Hello) => void): Promise<Tape> {
  let tape: Tape | undefined;
  const options = only("TLSv1.2");
  await handshake({ options, ...ends, through: async (port) => (tape = await helloProxy(port, edit)).port });
  return tape!;
}

const names = (offer: string) =>
  decodeTokenBindingParameters(Buffer.from(offer, "hex")).keyParametersList.map((code) =>
    keyParametersName(code)!,
  );

test.each(edited("negotiation-offer"))("%s", async (_name, { offer, expected }) => {
  const tape = await through({ client: raw({ offer: offer! }) }, (hello) => {
    if (hello.from === "client") withoutRenegotiationIndication(hello);
  });
  const answer = extension24(tape.hellos.find(({ from }) => from === "server")) ?? null;
  expect({ answer, keyParameters: null }).toEqual(expected);
});

test.each(edited("negotiation-answer"))("%s", async (_name, { offer, answer, alert }) => {
  const client = offer === null ? raw({}) : tokenBinding(...names(offer));
  const tape = await through({ client, server: raw({ answer: answer! }) }, (hello) => {
    if (hello.from !== "server") return;
    if (offer === null) hello.extensions.push([24, Buffer.from(answer!, "hex")]);
    else withoutRenegotiationIndication(hello);
  });
  expect(tape.alerts.client).toEqual([alerts[alert!]]);
});

test("these are all that tokbind vectors leaves out", () => {
  expect([...edited("negotiation-offer"), ...edited("negotiation-answer")]).toHaveLength(3);
});
