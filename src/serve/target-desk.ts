import type { Usage } from "../core/chat.ts";
import { WeirError } from "../core/errors.ts";
import type { Catalogue, CatalogueTarget } from "./catalogue.ts";
import type { EngineControls, Provider, ProviderFacts } from "./provider.ts";
import type { Steering } from "./steering.ts";

/** What an operator asks of one target, past routing, limits and guard. */
export interface TargetDesk {
  /** What the upstream says of itself. Throws a WeirError. */
  facts(model: string, id: string, signal: AbortSignal): Promise<ProviderFacts & { ms: number }>;
  /**
   * Health that means something: the target makes a few tokens. Routing goes by what came of it.
   * Never throws for what fails there.
   */
  test(model: string, id: string, signal: AbortSignal): Promise<TestResult>;
  /** Throws a WeirError; unsupported_parameter where the engine cannot. */
  act(model: string, id: string, action: TargetAction, signal: AbortSignal): Promise<void>;
}

export interface TestResult {
  readonly ok: boolean;
  readonly error: string | null;
  readonly firstContentMs: number | null;
  readonly totalMs: number;
  readonly text: string;
  readonly usage: Usage | null;
}

export type EngineAction =
  | { readonly action: "load-lora"; readonly name: string; readonly path: string }
  | { readonly action: "unload-lora"; readonly name: string }
  | { readonly action: "sleep"; readonly level: 1 | 2 }
  | { readonly action: "wake" }
  | { readonly action: "reset-prefix-cache" };

/** What an operator can do to any target: no new calls go to a drained one. */
export type TargetAction =
  | EngineAction
  | { readonly action: "drain" }
  | { readonly action: "enable" };

/** What a provider can do beside chats, in the words of the Targets page. */
export function abilitiesOf(provider: Provider): string[] {
  return [
    ...(provider.rerank ? ["rerank"] : []),
    ...(provider.tokens ? ["tokenize"] : []),
    ...(provider.tokens?.detokenize ? ["detokenize"] : []),
    ...(provider.forward ? ["audio", "images"] : []),
    ...(provider.facts ? ["facts"] : []),
  ];
}

/** The actions of `EngineAction` that a provider's engine knows. */
export function actionsOf({ controls }: Provider): EngineAction["action"][] {
  if (!controls) return [];
  return [
    ...(controls.loadLora ? (["load-lora"] as const) : []),
    ...(controls.unloadLora ? (["unload-lora"] as const) : []),
    ...(controls.sleep ? (["sleep"] as const) : []),
    ...(controls.wake ? (["wake"] as const) : []),
    ...(controls.resetPrefixCache ? (["reset-prefix-cache"] as const) : []),
  ];
}

const TEST_TOKENS = 8;

export function createTargetDesk({
  catalogue,
  steering,
  monotonic,
}: {
  catalogue: Pick<Catalogue, "find" | "targets">;
  steering: Pick<Steering, "drain" | "probed">;
  monotonic: () => number;
}): TargetDesk {
  function find(model: string, id: string): CatalogueTarget {
    catalogue.find(model);
    const target = catalogue.targets(model).find((one) => one.id === id);
    if (target) return target;
    throw new WeirError("not_found", `The model "${model}" has no target "${id}".`, {
      param: "target",
    });
  }

  return {
    async facts(model, id, signal) {
      const { provider } = find(model, id);
      if (!provider.facts) {
        throw new WeirError(
          "unsupported_parameter",
          `${provider.name} cannot be asked about itself.`,
        );
      }
      const startedAt = monotonic();
      return { ...(await provider.facts(signal)), ms: monotonic() - startedAt };
    },
    async test(model, id, signal) {
      const target = find(model, id);
      const result = await testTarget(target, monotonic, signal);
      if (!signal.aborted) steering.probed(target, result.ok);
      return result;
    },
    async act(model, id, asked, signal) {
      const target = find(model, id);
      if (asked.action === "drain" || asked.action === "enable") {
        steering.drain(target, asked.action === "drain");
      } else await act(target.provider, asked, signal);
    },
  };
}

/** Lets a target make a few tokens. Resolves also when it fails. */
export function testTarget(
  { provider, model }: CatalogueTarget,
  monotonic: () => number,
  signal: AbortSignal,
): Promise<TestResult> {
  const startedAt = monotonic();
  let firstContentMs: number | null = null;
  let usage: Usage | null = null;
  let text = "";
  return new Promise((resolve) => {
    const settle = (error: string | null) => {
      const totalMs = monotonic() - startedAt;
      resolve({ ok: error === null, error, firstContentMs, totalMs, text, usage });
    };
    const attempt = provider.generate(
      {
        kind: "chat",
        model,
        messages: [{ role: "user", content: "Say hello." }],
        sampling: {},
        maxTokens: TEST_TOKENS,
        stop: [],
        n: 1,
        stream: true,
      },
      {
        events(events) {
          for (const event of events) {
            if (event.type === "usage") ({ usage } = event);
            if (event.type !== "text-delta" && event.type !== "reasoning-delta") continue;
            firstContentMs ??= monotonic() - startedAt;
            if (event.type === "text-delta") text += event.text;
          }
        },
        done: () => settle(null),
        failed: (error) => settle(error.message),
      },
    );
    signal.addEventListener("abort", () => {
      attempt.cancel();
      settle("The test was broken off.");
    });
  });
}

async function act(provider: Provider, asked: EngineAction, signal: AbortSignal): Promise<void> {
  const work = start(provider.controls ?? {}, asked, signal);
  if (work) return work;
  throw new WeirError("unsupported_parameter", `${provider.name} has no "${asked.action}".`, {
    param: "action",
  });
}

function start(
  controls: EngineControls,
  asked: EngineAction,
  signal: AbortSignal,
): Promise<void> | undefined {
  switch (asked.action) {
    case "load-lora":
      return controls.loadLora?.(asked.name, asked.path, signal);
    case "unload-lora":
      return controls.unloadLora?.(asked.name, signal);
    case "sleep":
      return controls.sleep?.(asked.level, signal);
    case "wake":
      return controls.wake?.(signal);
  }
  return controls.resetPrefixCache?.(signal);
}
