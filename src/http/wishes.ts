import { STRATEGIES } from "../config/routing.ts";
import { PRIORITIES } from "../core/call.ts";
import { WeirError } from "../core/errors.ts";
import { parseDuration } from "../core/time.ts";
import type { CallWishes } from "../serve/gateway/needs.ts";
import type { Asked } from "./identify.ts";

type Headers = Asked["headers"];
type Read = (value: string) => CallWishes | undefined;

const MAX_LENGTH = 200;

/** Each header's value as a wish; undefined for what it cannot be. */
const READERS: Readonly<Record<string, readonly [read: Read, expected: string]>> = {
  "x-weir-target": [(target) => ({ target }), "a target's name"],
  "x-weir-tags": [
    (list) => ({ tags: list.split(",").map((tag) => tag.trim()) }),
    "tags with commas between them",
  ],
  "x-weir-routing": [oneOf(STRATEGIES, (routing) => ({ routing })), STRATEGIES.join(", ")],
  "x-weir-priority": [oneOf(PRIORITIES, (priority) => ({ priority })), PRIORITIES.join(", ")],
  "x-weir-deadline": [
    (text) => {
      const deadlineMs = parseDuration(text);
      return deadlineMs === undefined || deadlineMs < 1 ? undefined : { deadlineMs };
    },
    "a duration such as 500ms or 30s",
  ],
  "x-weir-session": [(session) => ({ session }), "a session's name"],
  "x-weir-cache": [oneOf(["off", "refresh"] as const, (cache) => ({ cache })), "off or refresh"],
  "x-weir-failover": [oneOf(["off"] as const, () => ({ failover: false })), "off"],
};
const NAMES = Object.keys(READERS);

/** What a client asks for by headers, beside its request. Throws invalid_request for nonsense. */
export function wishesOf(headers: Headers): CallWishes | undefined {
  let wishes: CallWishes | undefined;
  for (const name of NAMES) {
    const value = headers[name];
    if (value !== undefined) wishes = { ...wishes, ...readWish(name, value) };
  }
  return wishes;
}

function readWish(name: string, value: string | string[]): CallWishes {
  const [read, expected] = READERS[name] ?? [];
  const isSound = typeof value === "string" && value !== "" && value.length <= MAX_LENGTH;
  const wish = isSound ? read?.(value) : undefined;
  if (wish) return wish;
  throw new WeirError("invalid_request", `The header ${name} takes ${expected ?? "nothing"}.`, {
    param: name,
  });
}

function oneOf<T extends string>(values: readonly T[], toWish: (value: T) => CallWishes): Read {
  return (text) => {
    const found = values.find((value) => value === text);
    return found === undefined ? undefined : toWish(found);
  };
}
