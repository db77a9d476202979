import { join } from "node:path";
import { newTraceId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";
import { later } from "../../core/time.ts";
import type { Share } from "../../ship/rollout/assign.ts";
import type { CallGuard } from "../guard.ts";
import type { House } from "../house.ts";
import { Arms, type Sighting } from "./arms.ts";
import { ReleaseDesk } from "./desk.ts";

type ArmsHouse = Pick<House, "catalogue" | "live" | "guardFor">;
export type Shares = Readonly<Record<string, Share>>;

/** The sides of releases in this process; `saw` brings what happens there to the desk. */
export function openArms(house: () => ArmsHouse, saw: (sighting: Sighting) => void): Arms {
  const guards = new Map<string, CallGuard>();

  /** One guard for each model, whose rules follow the configuration. */
  function guardOf(name: string): CallGuard | undefined {
    if (!house().live.candidates.has(name)) return undefined;
    const known = guards.get(name);
    if (known) return known;
    const made = house().guardFor(() => house().live.candidates.get(name) ?? house().live);
    guards.set(name, made);
    return made;
  }

  return new Arms({
    candidate(name) {
      const model = house().catalogue.candidate(name);
      return model && { model, gate: guardOf(name) };
    },
    release: (name) => house().live.config.models[name]?.release,
    saw,
    newTraceId,
    now: Date.now,
    monotonic: performance.now.bind(performance),
    random: Math.random,
    later,
  });
}

/** Releases as the whole server sees them: judged here, and told to whoever takes calls. */
export interface ReleaseRoom {
  readonly desk: ReleaseDesk;
  readonly arms: Arms;
  /** Told of every change of the shares. */
  follow(listener: (shares: Shares) => void): void;
}

export function openReleases(
  house: () => ArmsHouse,
  { dataFolder, log }: { readonly dataFolder: string; readonly log: Log },
  stack: AsyncDisposableStack,
): ReleaseRoom {
  const listeners: ((shares: Shares) => void)[] = [];
  const arms = openArms(house, (sighting) => desk.take(sighting));
  const desk = new ReleaseDesk({
    folder: join(dataFolder, "releases"),
    log: log.part("release"),
    now: Date.now,
    monotonic: performance.now.bind(performance),
    later,
    restarts(name) {
      const own = house().catalogue.candidate(name)?.own ?? [];
      return own.reduce((sum, { engine }) => sum + (engine?.stats().restarts ?? 0), 0);
    },
    turned(shares) {
      arms.use(shares);
      for (const listener of listeners) listener(shares);
    },
  });
  stack.defer(() => {
    arms.close();
    desk.close();
  });
  return { desk, arms, follow: (listener) => void listeners.push(listener) };
}
