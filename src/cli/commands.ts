import type { Command } from "./command.ts";
import { autoscale } from "./commands/autoscale.ts";
import { chat } from "./commands/chat.ts";
import { check } from "./commands/check.ts";
import { completion } from "./commands/completion.ts";
import { cost } from "./commands/cost.ts";
import { doctor } from "./commands/doctor.ts";
import { guard } from "./commands/guard.ts";
import { init } from "./commands/init.ts";
import { keys } from "./commands/keys.ts";
import { mock } from "./commands/mock.ts";
import { model } from "./commands/model.ts";
import { release } from "./commands/release.ts";
import { serve } from "./commands/serve.ts";
import { targets } from "./commands/targets.ts";
import { tenants } from "./commands/tenants.ts";
import { trace } from "./commands/trace.ts";
import { watch } from "./commands/watch.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  serve,
  chat,
  init,
  check,
  doctor,
  keys,
  tenants,
  model,
  targets,
  release,
  autoscale,
  watch,
  cost,
  trace,
  guard,
  mock,
  completion((): readonly Command[] => COMMANDS),
];
