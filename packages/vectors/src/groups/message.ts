import { MessageGroup } from "./message-case.ts";
import { cut } from "./message-cut.ts";
import { brokenKeys } from "./message-keys.ts";
import { brokenRest } from "./message-rest.ts";
import { wellFormed } from "./message-wellformed.ts";

export function messageGroup(): MessageGroup {
  const group = new MessageGroup();
  wellFormed(group);
  cut(group);
  brokenKeys(group);
  brokenRest(group);
  return group;
}
