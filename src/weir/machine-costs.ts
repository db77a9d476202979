import type { CallRecord } from "../core/call.ts";
import type { CatalogueTarget } from "../serve/catalogue.ts";
import { type Machine, createInfraPricing } from "../watch/cost/infra.ts";
import type { House } from "./house.ts";

/** Targets of which weir.yaml says what their machine costs, and how their calls are priced by it. */
export interface MachineCosts {
  readonly price: (call: CallRecord) => CallRecord;
  readonly targets: () => readonly MachineTarget[];
}

export interface MachineTarget {
  readonly model: string;
  readonly target: string;
  readonly machine: Machine;
}

export function machineCosts({ catalogue }: Pick<House, "catalogue">): MachineCosts {
  return {
    price: createInfraPricing((model, id) => {
      const found = catalogue.targets(model).find((one) => one.id === id);
      return found && machineOf(found);
    }),
    targets: () =>
      catalogue.names().flatMap((model) =>
        catalogue.targets(model).flatMap((target) => {
          const machine = machineOf(target);
          return machine ? [{ model, target: target.id, machine }] : [];
        }),
      ),
  };
}

/** A price for tokens stands over what the machine costs. */
function machineOf({ config, identity }: CatalogueTarget): Machine | undefined {
  const { cost, price } = config;
  return cost && !price ? { id: identity, cost } : undefined;
}
