import type { ErrorCode } from "../../core/errors.ts";
import { routingGauges } from "../../http/routing-gauges.ts";
import { type RoutingReport, reportOf } from "../../serve/gateway/routing/report.ts";
import type { Gauge } from "../../watch/metrics/exposition.ts";
import type { CallHouse } from "../house.ts";
import { limitGauges } from "../limit-views.ts";
import { type Counts, PRIMARY } from "./messages.ts";

const EVERY_MS = 250;

/** Tells the primary what a worker counts: what has changed, four times a second. */
export function createCounts(send: (counts: Counts) => void) {
  let running = 0;
  let told = 0;

  return {
    active: (change: number): void => void (running += change),
    /** Gives what ends it, after a last time. */
    follow(house: CallHouse): () => void {
      const { rejections, operations } = house;
      const rejected = changesOf(rejections);
      const shed = changesOf(operations.traffic.shed);
      let stateTold = "";
      const tell = (): void => {
        const counts: Counts = {
          active: running - told,
          rejected: rejected() as [ErrorCode, number][], // only error codes are counted there
          shed: shed(),
          gauges: gaugesOf(house),
          routing: routingOf(house),
          outages: house.steering.outages(PRIMARY),
        };
        const { gauges, routing, outages } = counts;
        const state = JSON.stringify({ gauges, routing, outages });
        told = running;
        const { active, rejected: refused, shed: turnedAway } = counts;
        const isNews = active !== 0 || refused.length > 0 || turnedAway.length > 0;
        if (isNews || state !== stateTold) send(counts);
        stateTold = state;
      };
      const timer = setInterval(tell, EVERY_MS).unref();
      return () => {
        clearInterval(timer);
        tell();
      };
    },
  };
}

/** What grew since the last time that one asked. */
function changesOf<Name extends string>(counts: ReadonlyMap<Name, number>) {
  const told = new Map<Name, number>();
  return (): [Name, number][] => {
    const changes: [Name, number][] = [];
    for (const [name, count] of counts) {
      const grown = count - (told.get(name) ?? 0);
      if (grown !== 0) changes.push([name, grown]);
      told.set(name, count);
    }
    return changes;
  };
}

/** Embedded engines are the primary's: what runs there it knows itself. */
function routingOf({ catalogue, router }: CallHouse): RoutingReport {
  const moment = { monotonic: performance.now(), now: Date.now() };
  const targets = new Map(
    catalogue
      .names()
      .flatMap((name) => catalogue.targets(name))
      .filter(({ config }) => config.provider !== "llama")
      .map((target) => [target.identity, target]),
  );
  return {
    targets: Array.from(targets.values(), (one) => reportOf(one, router.stateOf(one), moment)),
    waiting: Object.fromEntries(catalogue.names().map((name) => [name, router.waiting(name)])),
  };
}

/** What only this process knows. */
function gaugesOf(house: CallHouse): Gauge[] {
  const { answers, catalogue, router, recorder, vaultKeeper } = house;
  const routing = routingGauges(catalogue, router, performance.now.bind(performance));
  return [
    ...answers.gauges(),
    ...vaultKeeper.gauges(),
    // Embedded engines are the primary's: what runs there it knows itself.
    ...routing.map((gauge) => ({
      ...gauge,
      values: gauge.values.filter(({ labels }) => !labels["target"]?.startsWith("llama/")),
    })),
    ...limitGauges(house).filter(({ type }) => type === "counter"),
    {
      name: "weir_traces_dropped_total",
      help: "Calls that could not be kept.",
      type: "counter",
      values: [{ labels: {}, value: recorder.dropped }],
    },
  ];
}
