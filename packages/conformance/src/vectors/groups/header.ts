import { startLiveOrigin } from "../live-origin.ts";
import { type Outcome, outcomeOf } from "../outcome.ts";
import { type ConnectionInputs, verifyFields } from "./verification.ts";

/** The Sec-Token-Binding lines of a request. */
export interface HeaderCase extends ConnectionInputs {
  readonly fields: readonly string[];
}

/**
 * Gives the lines to the library and to a live server. The live connection has an EKM of its own: what is valid fails
 * there at its signature, and not before.
 */
export async function runHeader({ fields, ...connection }: HeaderCase): Promise<Outcome> {
  const outcome = await outcomeOf(() => verifyFields(fields, connection));
  const expected = "code" in outcome ? outcome.code : "signature_invalid";
  const origin = await startLiveOrigin(connection.negotiated);
  try {
    const code = await origin.ask(fields);
    return code === expected ? outcome : { result: "invalid", code };
  } finally {
    origin.close();
  }
}
