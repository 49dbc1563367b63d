import { TokenBindingError } from "@tokbind/codec";
import type { ClientCertificate, NodeRequest } from "@tokbind/codec/node";
import { described } from "@tokbind/codec/options";

/** Says whether a client may make a request. Asked for every request anew. */
export type ClientPolicy<Request extends NodeRequest = NodeRequest> = (
  client: ClientCertificate,
  request: Request,
) => boolean;

/** Whatever verifies the client certificates of requests: what the adapters of \@tokbind/server call. */
export interface CertificateVerifier<Request extends NodeRequest = NodeRequest> {
  /** The field of the request that answers depend on, for `Vary`; undefined where the certificate is no field. */
  readonly vary: string | undefined;
  /** @throws TokenBindingError whose `status` is the HTTP status to answer with */
  readonly verify: (request: Request) => ClientCertificate;
}

/** A verifier that also asks a policy. */
export function withPolicy<Request extends NodeRequest>(
  { verify, vary }: { verify: (request: NodeRequest) => ClientCertificate; vary: string | undefined },
  policy: ClientPolicy<Request>,
): CertificateVerifier<Request> {
  if (typeof policy !== "function") throw invalid(`expected a function, got ${described(policy)}`);
  return {
    vary,
    verify: (request) => {
      const client = verify(request);
      const isAllowed: unknown = policy(client, request);
      if (isAllowed === true) return client;
      // A promise, say, which would let everybody in.
      if (isAllowed !== false)
        throw invalid(`expected the policy to return true or false, got ${described(isAllowed)}`);
      throw new TokenBindingError(
        "certificate_subject_mismatch",
        "expected the certificate of somebody who may do this, got another one",
      );
    },
  };
}

function invalid(message: string): TokenBindingError {
  return new TokenBindingError("invalid_argument", `allow: ${message}`);
}
