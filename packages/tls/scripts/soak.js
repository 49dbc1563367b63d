// Connections of every kind, a quarter of them aborted at some moment: what the two ends negotiated agrees, and of
// the addon's memory not one block is left. Each verifies a signature as well. Runs on the built package.
//
//   node scripts/soak.js [connections]     default: 10000

import assert from "node:assert/strict";
import { createECDH, randomBytes } from "node:crypto";
import tls from "node:tls";
import { certificate, collectGarbage, listen } from "@tokbind/testing";
import { negotiatedTokenBinding, withTokenBinding } from "@tokbind/tls";
import { verifyP256 } from "@tokbind/tls/p256";
import { liveState, receivedExtension, withRawExtension } from "@tokbind/tls/raw";

/**
 * How an end makes its TLS context.
 *
 * @typedef {<T>(create: () => import("@tokbind/tls").NotAPromise<T>) => T} Wrapper
 */

const total = Number(process.argv[2] ?? 10_000);
const atOnce = 50;
/** @type {import("@tokbind/codec").KeyParameters[][]} */
const offers = [["ecdsap256"], ["rsa2048_pss"], ["rsa2048_pkcs1.5", "rsa2048_pss"]];
/** @type {Wrapper} */
const plain = (create) => create();
/** @type {(bodies: import("@tokbind/tls/raw").RawExtension) => Wrapper} */
const raw = (bodies) => (create) => withRawExtension(create, bodies);
const body = Uint8Array.of(1, 0, 1, 2);

/**
 * Answers with the EKM, or with nothing where nothing was negotiated.
 *
 * @param {Wrapper} wrap
 * @param {tls.TlsOptions} options
 */
async function startServer(wrap, options = {}) {
  const server = wrap(() => tls.createServer({ ...certificate, ...options }));
  server.on("secureConnection", (socket) => {
    socket.on("error", () => undefined);
    receivedExtension(socket);
    const ekm = Buffer.from(negotiatedTokenBinding(socket)?.ekm ?? []);
    socket.once("data", () => socket.end(ekm));
  });
  server.on("tlsClientError", () => undefined);
  return { server, port: await listen(server) };
}

/** @type {Wrapper} */
const accepting = (create) => withTokenBinding(create, { keyParameters: ["rsa2048_pss", "ecdsap256"] });
const usual = await startServer(accepting);
// A key share that no client sends at first, hence a HelloRetryRequest.
const retrying = await startServer(accepting, { ecdhCurve: "P-384" });
const answering = await startServer(raw({ answer: body }));
const foreign = await startServer(plain);
const servers = [usual, retrying, answering, foreign];

/** @param {Wrapper} wrap @param {tls.SecureVersion} version */
const clientContext = (wrap, version) =>
  wrap(() => tls.createSecureContext({ minVersion: version, maxVersion: version }));
/** @type {(i: number) => Wrapper} */
const offering = (i) => (create) => withTokenBinding(create, { keyParameters: offers[i % offers.length] });
/** @type {tls.SecureVersion[]} */
const versions = ["TLSv1.2", "TLSv1.3"];
const contexts = offers.flatMap((_, i) => versions.map((version) => clientContext(offering(i), version)));
const rude = versions.map((version) => clientContext(raw({ offer: Uint8Array.of(0) }), version));
// First a version that the server does not speak, or else it would refuse to renegotiate.
const lower = Uint8Array.of(0, 13, 1, 2);
const renegotiating = clientContext(raw({ offer: lower, renegotiationOffer: body }), "TLSv1.2");
/** Made by withTokenBinding or withRawExtension, and alive to the end. */
const kept = contexts.length + rude.length + 1 + 3;

const counts = { agreed: 0, without: 0, aborted: 0, refused: 0, renegotiated: 0, resumed: 0 };
/** @type {Buffer | undefined} */
let session;

/** The i-th connection; which kind, repeats after 40. @param {number} i */
async function connect(i) {
  const kind = i % 40;
  const { port } =
    kind % 8 === 7 || kind === 17 ? retrying : kind === 3 ? answering : kind === 6 ? foreign : usual;
  let secureContext = contexts[kind === 3 ? 0 : i % contexts.length];
  // Contexts that die again.
  if (kind === 2) secureContext = clientContext(offering(i), "TLSv1.3");
  if (kind === 26) secureContext = clientContext(plain, "TLSv1.2");
  if (kind === 12) secureContext = rude[((i / 40) % 2) | 0];
  if (kind === 22) secureContext = renegotiating;
  const isResuming = kind === 32 && session !== undefined;
  if (kind === 32) secureContext = contexts[1];
  const options = { port, host: "127.0.0.1", servername: "localhost", rejectUnauthorized: false };
  const socket = tls.connect({ ...options, secureContext, ...(isResuming ? { session } : {}) });
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => undefined);
  if (i % 4 === 1) {
    counts.aborted++;
    setTimeout(() => socket.destroy(), i % 41);
    return closed;
  }
  const isConnected = await Promise.race([
    new Promise((resolve) => socket.on("secureConnect", () => resolve(true))),
    closed.then(() => false),
  ]);
  if (!isConnected) {
    assert(kind === 12, `connection ${i} failed`);
    counts.refused++;
    return undefined;
  }
  if (kind === 32) {
    if (socket.isSessionReused()) counts.resumed++;
    socket.once("session", (ticket) => (session = ticket));
  }
  receivedExtension(socket);
  refuseSignature();
  const negotiated = negotiatedTokenBinding(socket);
  if (secureContext === renegotiating) {
    const error = await new Promise((resolve) => socket.renegotiate({}, resolve));
    assert.equal(error, null);
    counts.renegotiated++;
  }
  socket.write("?");
  const answer = Buffer.concat(await socket.toArray());
  await closed;
  if (port === answering.port) return undefined; // a server that checks nothing has nothing to compare
  assert.deepEqual(answer, Buffer.from(negotiated?.ekm ?? []), `the ends of connection ${i} do not agree`);
  counts[negotiated ? "agreed" : "without"]++;
  return undefined;
}

const point = createECDH("prime256v1").generateKeys().subarray(1);

/** Of random bytes, over as many, of a point that is on the curve and of one that is not. */
function refuseSignature() {
  const signature = randomBytes(64);
  assert.equal(verifyP256(point, signature.subarray(counts.agreed % 64), signature), false);
  assert.throws(() => verifyP256(signature, signature, signature));
}

const started = process.hrtime.bigint();
let next = 0;
const lane = async () => {
  while (next < total) await connect(next++);
};
await Promise.all(Array.from({ length: atOnce }, lane));
for (const { server } of servers) server.close();

const expected = { configurations: kept, connections: 0, indexed: 0, allocations: kept };
// Under valgrind this takes its time.
await collectGarbage(() => liveState().allocations <= kept, 30_000);
const seconds = Number((process.hrtime.bigint() - started) / 1_000_000n) / 1000;
console.log(JSON.stringify({ total, ...counts, ...liveState(), seconds }));
assert.deepEqual(liveState(), expected);
if (total >= 200) for (const [name, count] of Object.entries(counts)) assert(count > 0, `none ${name}`);
