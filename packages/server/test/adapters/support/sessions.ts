import { randomUUID } from "node:crypto";
import { checkBoundToken, type RequestTokenBindings } from "../../../src/index.ts";

/** What the application of every adapter's test does. */
export class Sessions {
  readonly #tbhs = new Map<string, string | undefined>();

  /** `GET /` */
  readonly who = (binding: RequestTokenBindings | undefined) => ({ tbh: binding?.provided.tbh ?? null });

  /** `POST /login` */
  readonly login = (binding: RequestTokenBindings | undefined) => {
    const id = randomUUID();
    this.#tbhs.set(id, binding?.provided.tbh);
    return { id };
  };

  /** `GET /me` with the id in the field Cookie. */
  readonly me = (id: string | undefined, binding: RequestTokenBindings | undefined) => {
    const tbh = this.#tbhs.get(id ?? "");
    checkBoundToken(tbh === undefined ? undefined : { tbh }, binding?.provided);
    return { user: "alice" };
  };
}
