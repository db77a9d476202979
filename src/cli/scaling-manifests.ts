import { stringify } from "yaml";
import { gatewayManifest, kedaManifests } from "../ship/kubernetes/manifests.ts";
import { type Terminal, UsageError, type Values, text } from "./command.ts";

/** Calls a second that one process of the gateway is planned for: far less than it can. */
const REQUESTS_PER_SECOND = 500;

/** `weir autoscale manifests keda|gateway`: YAML for `kubectl apply -f -`. */
export function printManifests(
  what: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
  values: Values,
  terminal: Terminal,
): number {
  const namespace = text(values, "namespace") ?? "default";
  const workload = text(values, "workload");
  if (workload === undefined)
    throw new UsageError("manifests needs --workload, a Deployment's name");
  const objects = objectsOf(what, { namespace, workload, min, max }, values);
  terminal.print(
    values["json"]
      ? JSON.stringify(objects, null, 2)
      : objects
          .map((object) => stringify(object))
          .join("---\n")
          .trimEnd(),
  );
  return 0;
}

function objectsOf(
  what: string | undefined,
  place: { namespace: string; workload: string; min: number; max: number },
  values: Values,
): object[] {
  const { workload, ...rest } = place;
  if (what === "gateway") {
    return [
      gatewayManifest({ ...rest, gateway: workload, requestsPerSecond: REQUESTS_PER_SECOND }),
    ];
  }
  if (what !== "keda") throw new UsageError("manifests needs one of keda, gateway");
  const model = text(values, "model");
  if (model === undefined) throw new UsageError("manifests keda needs --model");
  const url = text(values, "url") ?? `http://weir.${rest.namespace}.svc:8080`;
  if (!URL.canParse(url)) throw new UsageError(`--url ${url} is no address`);
  return kedaManifests({ ...rest, workload, model, url });
}
