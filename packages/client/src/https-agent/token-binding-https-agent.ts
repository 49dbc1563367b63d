import type { ClientRequest } from "node:http";
import https from "node:https";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import tls, { type ConnectionOptions, type TLSSocket } from "node:tls";
import { TokenBindingError } from "@tokbind/codec";
import { withTokenBinding } from "@tokbind/tls";
import { identityError } from "../agent/connect-origin.ts";
import { keyGetter } from "../agent/key-getter.ts";
import { guarded } from "../agent/observer.ts";
import { renewedClientCertificate, type RenewedClientCertificate } from "../agent/renewed-tls-options.ts";
import type { SentRequest } from "../agent/sent-request.ts";
import { MemoryKeyStore } from "../keys/memory-key-store.ts";
import { offeredKeyParameters } from "../keys/offered-key-parameters.ts";
import { scopeOf } from "../keys/scope-of.ts";
import type { TokenBindingKeyStore } from "../keys/token-binding-key-store.ts";
import { type ForwardProxy, forwardProxyOf, type Target } from "../proxy/forward-proxy.ts";
import type { Proxy } from "../proxy/proxy-url.ts";
import { destinationOf } from "./destination-of.ts";
import { checkHttpsAgentOptions, type TokenBindingHttpsAgentOptions } from "./https-agent-options.ts";
import { SecureLink } from "./secure-link.ts";
import { TlsContexts } from "./tls-contexts.ts";
import { TunnelStream } from "./tunnel-stream.ts";

/** What the types of Node leave out, or have wrong. */
interface NodeAgent {
  addRequest(request: ClientRequest, options: https.RequestOptions): void;
  keepSocketAlive(socket: Duplex): boolean;
}

const nodeAgent = https.Agent.prototype as unknown as NodeAgent;

// node:http hands itself what a request was given, the agent's options on top.
type Connecting = https.RequestOptions & ConnectionOptions & { noDelay?: boolean };

/**
 * An `https.Agent` that offers Token Binding on every connection and, where the server accepts, sends every request
 * with a Sec-Token-Binding signed for the very connection that carries it (RFC 8473 section 2): for `https.request` and the
 * libraries over it, such as got, axios, node-fetch, superagent, ws and the NodeHttpHandler of the AWS SDK. It takes the
 * options of `https.Agent`, and requests may bring those of their own, as with any agent; its errors come as the `error` of
 * the request.
 *
 * The key is that of the host whose name the certificate is checked against: of the URL, or, as in any https.Agent, of the
 * option `servername` or the header field Host.
 *
 * An application's own Sec-Token-Binding is refused: the request fails with `invalid_argument`. A request also fails with
 * `key_store` when the key store or a key does, with `invalid_argument` when `scope` or `observe` throws, and with
 * `proxy_failed` when the forward proxy opens no tunnel.
 *
 * @example
 * const agent = new TokenBindingHttpsAgent({ keyStore: new FileKeyStore({ directory: "keys" }) });
 * https.get("https://example.com/", { agent }, (response) => response.pipe(process.stdout));
 */
export class TokenBindingHttpsAgent extends https.Agent {
  #options: TokenBindingHttpsAgentOptions;
  readonly #keyStore: TokenBindingKeyStore;
  readonly #scope: (origin: URL) => string;
  readonly #observe: ((sent: SentRequest) => void) | undefined;
  readonly #proxy: ForwardProxy | undefined;
  readonly #links = new WeakMap<Duplex, SecureLink>();
  readonly #tunnels = new WeakMap<Duplex, TunnelStream>();
  /** Stand for connections that could not even be begun. */
  readonly #unusable = new WeakMap<Duplex, Error>();
  /** Connections made since the certificate was renewed, or ever. */
  #current = new WeakSet<Duplex>();
  #contexts: TlsContexts;
  #offersNothing = false;
  #withoutTokenBinding: TokenBindingHttpsAgent | undefined;

  /**
   * @throws TokenBindingError `invalid_argument` for unknown options and impossible values, `unsupported_runtime` where
   *   the extension cannot be offered
   */
  constructor(options: TokenBindingHttpsAgentOptions = {}) {
    super({ keepAlive: true, ...checkHttpsAgentOptions(options) });
    const { keyStore = new MemoryKeyStore(), scope = scopeOf, observe } = options;
    const keyParameters = offeredKeyParameters(keyStore, options.keyParameters);
    this.#options = options;
    this.#keyStore = keyStore;
    this.#scope = scope;
    this.#observe = observe && guarded(observe);
    this.#proxy = forwardProxyOf("TokenBindingHttpsAgent", options);
    this.#contexts = new TlsContexts((create) => withTokenBinding(create, { keyParameters }));
    this.#contexts.get(this.options);
    this.destroy = this.destroy.bind(this);
  }

  /**
   * An agent with the same options and connections of its own, which offer no Token Binding: for requests that shall not tell
   * who sends them.
   */
  get withoutTokenBinding(): https.Agent {
    if (this.#offersNothing) return this;
    if (this.#withoutTokenBinding === undefined) {
      const agent = new TokenBindingHttpsAgent(this.#options);
      agent.#offersNothing = true;
      agent.#contexts = new TlsContexts((create) => create());
      this.#withoutTokenBinding = agent;
    }
    return this.#withoutTokenBinding;
  }

  /**
   * Replaces the client's certificate and key, or the CAs that it trusts; what is not given stays. Requests from now on
   * have new connections, without resumption; those under way, or waiting for one of theirs, end on the old ones. Keys of
   * the key store stay. Works without the agent.
   *
   * @throws TokenBindingError `invalid_argument`; then everything stays as it was
   * @example
   * agent.renewCertificate({ cert: readFileSync("cert.pem"), key: readFileSync("key.pem") });
   */
  readonly renewCertificate = (renewed: RenewedClientCertificate): void => {
    const material = renewedClientCertificate(this.options, renewed);
    const set = Object.entries({ ...this.options, ...material }).filter(([, value]) => value !== undefined);
    const options = Object.fromEntries(set) as https.AgentOptions;
    this.#contexts.get(options);
    // node:http finds connections, and TLS sessions, by a name that it makes of these.
    this.options = options;
    this.#options = { ...this.#options, ...(material as https.AgentOptions) };
    this.#current = new WeakSet();
    for (const idle of Object.values(this.freeSockets).flat()) idle?.destroy();
    this.#withoutTokenBinding?.renewCertificate(renewed);
  };

  /**
   * Called by node:http with every request.
   *
   * @throws TokenBindingError `invalid_argument` for options of the request that cannot be kept
   */
  addRequest(request: ClientRequest, options: https.RequestOptions): void {
    // A proxy of the application's own.
    if (request.method === "CONNECT" && !this.#offersNothing) {
      (this.withoutTokenBinding as unknown as NodeAgent).addRequest(request, options);
      return;
    }
    this.#checkRequest(options);
    // Before any listener of the application, which might write at once.
    request.once("socket", (socket: Socket) => {
      this.#carry(request, socket);
    });
    nodeAgent.addRequest.call(this, request, options);
  }

  /** Called by node:http for every new connection. */
  override createConnection(given: https.RequestOptions): Socket {
    try {
      return this.#connect(given as Connecting);
    } catch (error) {
      // node:http cannot take an exception here: where it opens a connection because another one closed, that would end the
      // process.
      const socket = new Socket();
      this.#unusable.set(socket, error as Error);
      return socket;
    }
  }

  override keepSocketAlive(socket: Duplex): boolean {
    if (!this.#current.has(socket)) return false;
    this.#tunnels.get(socket)?.setIdle(true);
    return nodeAgent.keepSocketAlive.call(this, socket);
  }

  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    this.#tunnels.get(socket)?.setIdle(false);
    super.reuseSocket(socket, request);
  }

  /** Closes all connections, also those of {@link withoutTokenBinding}. Works without the agent. */
  override destroy(): void {
    super.destroy();
    this.#withoutTokenBinding?.destroy();
  }

  #checkRequest(options: https.RequestOptions): void {
    const { secureContext, socketPath, socket } = options as Connecting & { socketPath?: unknown };
    if (secureContext !== undefined) {
      throw invalid(
        "a request without secureContext, since the agent makes contexts that offer Token Binding",
      );
    }
    if (this.#proxy !== undefined && (socketPath ?? socket) !== undefined) {
      throw invalid("a request that goes through the proxy, without socketPath or socket");
    }
  }

  #connect(given: Connecting): TLSSocket {
    // node:tls takes a member that is undefined for one that is set.
    const set = Object.entries(given).filter(([, value]) => value !== undefined);
    const options = Object.fromEntries(set) as Connecting;
    const { checkServerIdentity = tls.checkServerIdentity } = options;
    const { origin, target } = destinationOf(options);
    const proxy = this.#proxy?.for("https:", target);
    const own: Connecting = {
      ...options,
      secureContext: this.#contexts.get(options),
      checkServerIdentity: (hostname, certificate) =>
        identityError(() => checkServerIdentity(hostname, certificate)),
    };
    const socket = proxy
      ? this.#connectThrough(proxy, target, own)
      : (super.createConnection(own) as TLSSocket);
    // A request that was signed comes after the end of the handshake, and would wait for its acknowledgement.
    socket.setNoDelay(options.noDelay ?? true);
    const getKey = keyGetter(this.#keyStore, this.#scope, origin);
    const link = { origin, proxy: proxy?.origin, getKey, observe: this.#observe };
    this.#links.set(socket, new SecureLink(socket, link));
    this.#current.add(socket);
    return socket;
  }

  #connectThrough(proxy: Proxy, target: Target, options: Connecting): TLSSocket {
    const closed = new AbortController();
    const opening = this.#proxy!.open(proxy, target, options, closed.signal);
    const tunnel = new TunnelStream(opening);
    const socket = super.createConnection({ ...options, socket: tunnel } as Connecting) as TLSSocket;
    // Over a stream of ours, node:tls leaves this to us.
    if (options.timeout) socket.setTimeout(options.timeout);
    socket.once("close", () => {
      closed.abort();
    });
    opening.catch((error: unknown) => socket.destroy(error as Error));
    this.#tunnels.set(socket, tunnel);
    return socket;
  }

  #carry(request: ClientRequest, socket: Socket): void {
    const link = this.#links.get(socket);
    if (link !== undefined) link.carry(request);
    else request.destroy(this.#unusable.get(socket) ?? invalid("a socket that it has made itself"));
  }
}

function invalid(expected: string): TokenBindingError {
  return new TokenBindingError(
    "invalid_argument",
    `TokenBindingHttpsAgent: expected ${expected}, got another one`,
  );
}
