import type { KubernetesApi } from "../ship/kubernetes/api.ts";
import { type Workload, nameOf, readWorkload, writeScale } from "../ship/kubernetes/scale.ts";
import type { ScaleDriver } from "./scaling-driver.ts";

export interface ClusterNeeds {
  readonly api: KubernetesApi;
  readonly workload: Workload;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
}

/** So long it is said that somebody else changed the number. */
const SHOWN_MS = 15 * 60_000;

/** A workload of a cluster, by its scale. What its owner does by hand is seen, and said. */
export function kubernetesDriver({ api, workload, monotonic }: ClusterNeeds): ScaleDriver {
  /** What we asked for last; undefined before that. */
  let asked: number | undefined;
  let start: { readonly at: number; readonly until: number } | undefined;
  let startDelayMs: number | undefined;
  let byHand: { readonly at: number; readonly text: string } | undefined;

  return {
    async look() {
      const { wanted, there, ready: allReady } = await readWorkload(api, workload);
      if (asked !== undefined && wanted !== asked) {
        const text = `somebody else set ${nameOf(workload)} to ${wanted}, where Weir had asked for ${asked}; Weir goes on deciding unless it is held`;
        byHand = { at: monotonic(), text };
        asked = wanted;
      }
      const ready = Math.min(allReady, wanted);
      if (start && ready >= start.until) {
        startDelayMs = monotonic() - start.at;
        start = undefined;
      }
      return {
        ready,
        starting: wanted - ready,
        draining: Math.max(0, there - wanted),
        startDelayMs,
        note: byHand && monotonic() - byHand.at < SHOWN_MS ? byHand.text : undefined,
      };
    },
    async resize(replicas) {
      const before = await writeScale(api, workload, replicas);
      if (replicas > before) start = { at: monotonic(), until: replicas };
      else if (replicas < before) start = undefined;
      asked = replicas;
    },
  };
}
