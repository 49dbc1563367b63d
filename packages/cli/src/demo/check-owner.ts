import type { ClientCertificate } from "@tokbind/mutual-tls";
import { TokenBindingError } from "@tokbind/server";

/** Refuses the login of somebody else than the certificate's owner, by mail address or the part before the @. */
export function checkOwner({ names }: ClientCertificate, user: string): void {
  if (names.email.some((address) => address === user || address.split("@")[0] === user)) return;
  throw new TokenBindingError(
    "certificate_subject_mismatch",
    "expected the login of the certificate's owner, by the name in its mail address, got another",
  );
}
