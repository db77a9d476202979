/** Manifests for others that scale: plain objects, in the form that Kubernetes and KEDA document. */

export interface ManifestAsk {
  readonly model: string;
  /** The Deployment whose replicas answer the model. */
  readonly workload: string;
  readonly namespace: string;
  readonly min: number;
  readonly max: number;
  /** Where the cluster reaches this server. */
  readonly url: string;
}

export interface GatewayAsk {
  /** The Deployment that Weir itself runs in. */
  readonly gateway: string;
  readonly namespace: string;
  readonly min: number;
  readonly max: number;
  /** Calls a second that one replica of the gateway should have. */
  readonly requestsPerSecond: number;
}

/** KEDA asks Weir for the number; the key stands in a Secret that an operator makes. */
export function kedaManifests({
  model,
  workload,
  namespace,
  min,
  max,
  url,
}: ManifestAsk): object[] {
  const name = `weir-${workload}`;
  const place = new URL("/admin/v1/scaling/replicas", url);
  place.searchParams.set("model", model);
  return [
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "TriggerAuthentication",
      metadata: { name, namespace },
      spec: {
        secretTargetRef: [{ parameter: "token", name: "weir-viewer-key", key: "key" }],
      },
    },
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: { name, namespace },
      spec: {
        scaleTargetRef: { name: workload },
        minReplicaCount: min,
        maxReplicaCount: max,
        pollingInterval: 15,
        triggers: [
          {
            type: "metrics-api",
            // The value is the number of replicas, of which each shall have one: `Value` would multiply it.
            metricType: "AverageValue",
            metadata: {
              url: place.toString(),
              valueLocation: "replicas",
              targetValue: "1",
              authMode: "bearer",
            },
            authenticationRef: { name },
          },
        ],
      },
    },
  ];
}

/**
 * The gateway itself is an ordinary program: processor, memory and requests say enough. Requests need an
 * adapter that serves `weir_calls_per_second` of its pods, made from `weir_calls_total`.
 */
export function gatewayManifest(ask: GatewayAsk): object {
  const { gateway, namespace, min, max, requestsPerSecond } = ask;
  const resource = (name: string, averageUtilization: number) => ({
    type: "Resource",
    resource: { name, target: { type: "Utilization", averageUtilization } },
  });
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: gateway, namespace },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: gateway },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        resource("cpu", 70),
        resource("memory", 80),
        {
          type: "Pods",
          pods: {
            metric: { name: "weir_calls_per_second" },
            target: { type: "AverageValue", averageValue: String(requestsPerSecond) },
          },
        },
      ],
      // Streams last: what is left must not be cut for a short lull.
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  };
}
