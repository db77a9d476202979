import { existsSync, readFileSync } from "node:fs";
import type { ScaleConfig } from "../../config/scale.ts";
import { WeirError } from "../../core/errors.ts";
import type { ServerPlace } from "./http-exchange.ts";
import type { Workload } from "./scale.ts";

/** Where Kubernetes puts what a pod may know of its cluster. */
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const TIMEOUT_MS = 5000;

type Settings = NonNullable<ScaleConfig["kubernetes"]>;

/**
 * The API server and the workload that weir.yaml means: what it leaves out is what the pod's own service
 * account says. Throws invalid_config where neither says it. `variable` reads the environment.
 */
export function clusterOf(
  { kind, name, namespace, url, tokenFile, caFile }: Settings,
  variable: (name: string) => string | undefined,
  account = ACCOUNT,
): { readonly server: ServerPlace; readonly workload: Workload } {
  const inside = url === undefined;
  const own = (file: string) => (inside && existsSync(`${account}/${file}`) ? file : undefined);
  const pathOf = (file: string) => own(file) && `${account}/${file}`;
  const server = {
    url: url ?? insideUrl(variable),
    tokenFile: tokenFile ?? pathOf("token"),
    caFile: caFile ?? pathOf("ca.crt"),
    timeoutMs: TIMEOUT_MS,
  };
  const space =
    namespace ?? (own("namespace") && readFileSync(`${account}/namespace`, "utf8").trim());
  if (!space) throw outside(`the namespace of ${kind.toLowerCase()}/${name}`, "namespace");
  return { server, workload: { kind, name, namespace: space } };
}

function insideUrl(variable: (name: string) => string | undefined): string {
  const host = variable("KUBERNETES_SERVICE_HOST");
  if (!host) throw outside("where the API server is", "url");
  const address = host.includes(":") ? `[${host}]` : host;
  return `https://${address}:${variable("KUBERNETES_SERVICE_PORT") ?? "443"}`;
}

function outside(what: string, field: string): WeirError {
  return new WeirError(
    "invalid_config",
    `This server runs in no pod, so nobody says ${what}. Say it in weir.yaml: scale: { kubernetes: { ${field}: … } }`,
  );
}
