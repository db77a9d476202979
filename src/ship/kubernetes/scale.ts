import { z } from "zod";
import { type KubernetesApi, KubernetesError } from "./api.ts";

/** A workload whose replicas are counted. */
export interface Workload {
  readonly kind: "Deployment" | "StatefulSet" | "LeaderWorkerSet";
  readonly namespace: string;
  readonly name: string;
}

/** How many replicas a workload has. */
export interface WorkloadScale {
  /** Asked for. */
  readonly wanted: number;
  /** Of whatever age, ending ones included. */
  readonly there: number;
  readonly ready: number;
}

const GROUPS = {
  Deployment: "apps/v1/namespaces/NS/deployments",
  StatefulSet: "apps/v1/namespaces/NS/statefulsets",
  LeaderWorkerSet: "leaderworkerset.x-k8s.io/v1/namespaces/NS/leaderworkersets",
} as const;

/** What an API server answers is read leniently: a number that is 0 is left out. */
const WorkloadObject = z.object({
  spec: z.object({ replicas: z.number().nullish() }),
  status: z
    .object({ replicas: z.number().nullish(), readyReplicas: z.number().nullish() })
    .nullish(),
});

const ScaleObject = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z.object({ replicas: z.number().nullish() }).nullish(),
});

const TRIES = 4;

/** Reads a workload's replicas. Rejects with a KubernetesError. */
export async function readWorkload(api: KubernetesApi, workload: Workload): Promise<WorkloadScale> {
  const found = WorkloadObject.safeParse(await api.get(pathOf(workload)));
  if (!found.success) throw unreadable(workload);
  const { spec, status } = found.data;
  return {
    // Kubernetes' own default.
    wanted: spec.replicas ?? 1,
    there: status?.replicas ?? 0,
    ready: status?.readyReplicas ?? 0,
  };
}

/**
 * Sets a workload's replicas by its scale subresource, and returns how many were asked for before. Where
 * somebody else wrote meanwhile it looks again and writes over that. Rejects with a KubernetesError.
 */
export async function writeScale(
  api: KubernetesApi,
  workload: Workload,
  replicas: number,
): Promise<number> {
  const path = `${pathOf(workload)}/scale`;
  for (let tried = 1; ; tried++) {
    const found = ScaleObject.safeParse(await api.get(path));
    if (!found.success) throw unreadable(workload);
    const { metadata, spec } = found.data;
    const before = spec?.replicas ?? 0;
    if (before === replicas) return before;
    try {
      // With the version that was read: what was written since is not overwritten unseen.
      const { resourceVersion } = metadata;
      await api.patch(path, { metadata: { resourceVersion }, spec: { replicas } });
      return before;
    } catch (cause) {
      const isConflict = cause instanceof KubernetesError && cause.status === 409;
      if (!isConflict || tried === TRIES) throw cause;
    }
  }
}

/** As people write it: `deployment/vllm in default`. */
export function nameOf({ kind, namespace, name }: Workload): string {
  return `${kind.toLowerCase()}/${name} in ${namespace}`;
}

function pathOf({ kind, namespace, name }: Workload): string {
  return `/apis/${GROUPS[kind].replace("NS", namespace)}/${name}`;
}

function unreadable(workload: Workload): KubernetesError {
  return new KubernetesError(0, `what the API server says of ${nameOf(workload)} cannot be read`);
}
