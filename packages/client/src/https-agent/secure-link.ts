import type { ClientRequest } from "node:http";
import type { TLSSocket } from "node:tls";
import { type NegotiatedTokenBinding, negotiatedTokenBinding } from "@tokbind/tls";
import { asError } from "../agent/as-error.ts";
import type { GetKey } from "../agent/connection.ts";
import type { SentRequest } from "../agent/sent-request.ts";
import { noProof, type Proof } from "../agent/proof.ts";
import { Signer } from "../agent/signer.ts";
import { RequestHeads } from "./request-heads.ts";

export interface SecureLinkOptions {
  /** Of the key. */
  readonly origin: URL;
  readonly proxy: string | undefined;
  readonly getKey: GetKey;
  readonly observe: ((sent: SentRequest) => void) | undefined;
}

/** One TLS connection of an https.Agent, which signs for itself. */
export class SecureLink {
  readonly #socket: TLSSocket;
  readonly #options: SecureLinkOptions;
  readonly #heads: RequestHeads;
  /** Never settles when the handshake fails: then the socket has failed its request. */
  readonly #handshake: Promise<NegotiatedTokenBinding | undefined>;
  /** What {@link #handshake} became. */
  #negotiated: NegotiatedTokenBinding | undefined;
  #signer: Signer | undefined;

  /** @param socket - as it was made, its handshake not begun */
  constructor(socket: TLSSocket, options: SecureLinkOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#heads = new RequestHeads(socket);
    this.#handshake = new Promise((resolve) => {
      socket.once("secureConnect", () => {
        try {
          // Now, since a destroyed socket can no longer tell.
          resolve((this.#negotiated = negotiatedTokenBinding(socket)));
        } catch (error) {
          socket.destroy(asError("unsupported_runtime", "Token Binding", error));
        }
      });
    });
  }

  /** The socket is given to this request, which has written nothing to it. */
  carry(request: ClientRequest): void {
    let proof = noProof;
    const value = this.#prove().then((made) => {
      proof = made;
      return made.header;
    });
    const onStart = () => {
      this.#observe(request, proof);
    };
    this.#heads.expect({ request, value, onStart });
  }

  #observe({ method, path }: ClientRequest, { provided, header }: Proof): void {
    const { observe, origin, proxy } = this.#options;
    if (observe === undefined) return;
    const [url, negotiated] = [origin.origin + path, this.#negotiated];
    observe({ method, url, socket: this.#socket, proxy, negotiated, provided, secTokenBinding: header });
  }

  async #prove(): Promise<Proof> {
    const negotiated = this.#negotiated ?? (await this.#handshake);
    if (negotiated === undefined) return noProof;
    // Its EKM is a copy at each access.
    this.#signer ??= new Signer(negotiated.ekm);
    const provided = await this.#options.getKey(negotiated.keyParameters);
    return { provided, header: await this.#signer.sign(provided) };
  }
}
