import { describe, expect, test } from "vitest";
import { certificate } from "@tokbind/testing";
import { checkEnforcement } from "../src/index.ts";
import { gssChannelBindings, serverEndPoints } from "@tokbind/channel-binding";
import { avIds, encodeAvPairs } from "../src/ntlm/av-pairs.ts";
import { directoryInTest, result } from "./support/directory-of-ours.ts";
import { hasSlapd, Slapd } from "./support/slapd.ts";
import { makeCertificateFiles } from "./support/peers.ts";

// Windows' setting 0 is none of Samba's, so a directory of ours judges here as MS-KB 4034879 has it.

const badBindings =
  "80090346: LdapErr: DSID-0C090593, comment: AcceptSecurityContext error, data 80090346, v4563";
const badLogon = "8009030C: LdapErr: DSID-0C09058A, comment: AcceptSecurityContext error, data 52e, v4563";

const info = encodeAvPairs(new Map([[avIds.timestamp, Buffer.alloc(8, 1)]]));
const challenge = Buffer.alloc(48);
challenge.write("NTLMSSP\0", "latin1");
challenge[8] = 2;
challenge.writeUInt32LE(0xa0888205, 20);
challenge.writeUInt16LE(info.length, 40);
challenge.writeUInt32LE(48, 44);

const [endPoint] = serverEndPoints([certificate.cert]);
const { bnd } = gssChannelBindings("tls-server-end-point", endPoint!);
const pair = Buffer.concat([Buffer.from("0a001000", "hex"), bnd]);

/** How a directory with a setting judges: the token that came, if any. */
const judges = {
  never: () => true,
  "when supported": (token: Buffer | undefined) => token === undefined || token.equals(pair),
  always: (token: Buffer | undefined) => token?.equals(pair) === true,
  "not judged": () => false,
};

test.each(Object.entries(judges))("%s", async (verdict, isRight) => {
  const names: string[] = [];
  const port = await directoryInTest((id, count, request) => {
    if (count === 0) return result(id, 14, { credentials: Buffer.concat([challenge, info]) });
    const at = request.indexOf(Buffer.from("0a001000", "hex"));
    names.push(
      /probe-[0-9a-f]{8}/.exec(request.toString("utf16le") + request.subarray(1).toString("utf16le"))?.[0] ??
        "",
    );
    return result(id, 49, {
      text: isRight(at < 0 ? undefined : request.subarray(at, at + 20)) ? badLogon : badBindings,
    });
  });
  expect(await checkEnforcement({ host: "127.0.0.1", port })).toMatchObject({ verdict });
  // Made up, and another one each time, so that no account is locked.
  expect(new Set(names).size).toBe(3);
});

test("unknown: a directory that knows no NTLM, or says something else", async () => {
  for (const [code, text] of [
    [7, "not supported"],
    [49, "SASL(-13): authentication failure"],
    [53, "NTLM is disabled"],
  ] as const) {
    const port = await directoryInTest((id) => result(id, code, { text }));
    expect(await checkEnforcement({ host: "127.0.0.1", port })).toMatchObject({
      verdict: "unknown",
      probes: { absent: `result ${code}` },
    });
  }
});

describe.runIf(hasSlapd)("slapd", () => {
  test("is unknown", async () => {
    const certificates = makeCertificateFiles();
    const slapd = await Slapd.start("tls-endpoint", certificates);
    try {
      const directory = { host: "127.0.0.1", port: slapd.ldapsPort };
      expect(await checkEnforcement(directory)).toMatchObject({ verdict: "unknown" });
      const plain = { host: "127.0.0.1", port: slapd.ldapPort, startTls: true };
      expect(await checkEnforcement(plain)).toMatchObject({ verdict: "unknown" });
    } finally {
      await slapd.stop();
      certificates.remove();
    }
  });
});
