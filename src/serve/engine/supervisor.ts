import { WeirError, type ErrorCode } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { formatDuration, type Clock } from "../../core/time.ts";
import type { ProviderHealth } from "../provider.ts";
import type { EngineProcess, StartProcess } from "./engine-process.ts";
import type { FromHost, HostError, HostInfo, HostOptions, ToHost } from "./messages.ts";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A host that ran for so long counts as healthy: the next crash is the first again. */
const HEALTHY_MS = 60_000;
/** Calls may wait for a restart that is no further away than this. */
const WORTH_WAITING_MS = 5000;

export interface SupervisorNeeds {
  readonly startProcess: StartProcess;
  /** Runs something later; returns what takes it back. */
  readonly schedule: (ms: number, run: () => void) => () => void;
  readonly now: Clock;
  readonly log: Log;
  /** How often the host is asked whether it is alive. */
  readonly heartbeatMs: number;
  /** A host that answers none of the questions of this time is hung and is killed. */
  readonly hangMs: number;
}

export interface SupervisorListener {
  ready(info: HostInfo): void;
  /** `step`, `answer` and `rejected` of the running host. */
  message(message: FromHost): void;
  /** The host is gone with all that it was computing; another one is about to be started. */
  lost(error: WeirError): void;
  /** There will be no host until `start` is called again. */
  failed(error: WeirError): void;
}

type State = "stopped" | "loading" | "ready" | "waiting" | "failed";

/**
 * Keeps one engine host running: starts it, asks whether it is alive, kills it when it hangs, starts
 * it again after a crash with growing pauses. What calls do about that is the listener's matter.
 */
export class Supervisor {
  readonly #needs: SupervisorNeeds;
  readonly #listener: SupervisorListener;
  #options: HostOptions | undefined;
  #process: EngineProcess | undefined;
  #state: State = "stopped";
  #detail: string | undefined;
  #crashes = 0;
  #readyAt = 0;
  #retryAt = 0;
  #unanswered = 0;
  #hung = false;
  #takeBack: () => void = () => undefined;
  restarts = 0;
  rssBytes: number | undefined;

  constructor(needs: SupervisorNeeds, listener: SupervisorListener) {
    this.#needs = needs;
    this.#listener = listener;
  }

  get state(): State {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get health(): ProviderHealth {
    const state = this.#state === "waiting" ? "failed" : this.#state;
    return this.#detail === undefined ? { state } : { state, detail: this.#detail };
  }

  /** Whether a call that comes now has a fair chance to be computed soon. */
  get isWorthWaiting(): boolean {
    if (this.#state === "waiting") return this.#retryAt - this.#needs.now() <= WORTH_WAITING_MS;
    return this.#state === "loading" || this.#state === "ready";
  }

  start(options: HostOptions): void {
    if (this.#state !== "stopped" && this.#state !== "failed") return;
    this.#options = options;
    this.#readyAt = 0;
    this.#crashes = 0;
    this.#launch(options);
  }

  send(message: ToHost): void {
    this.#process?.send(message);
  }

  cancel(id: number): void {
    this.#process?.cancel(id);
  }

  async stop(): Promise<void> {
    this.#takeBack();
    this.#state = "stopped";
    this.#detail = undefined;
    const process = this.#process;
    this.#process = undefined;
    await process?.stop();
  }

  #launch(options: HostOptions): void {
    this.#enter("loading");
    this.#hung = false;
    const process = this.#needs.startProcess({
      message: (message) => this.#receive(process, message),
      exit: (reason) => this.#exited(process, reason),
    });
    this.#process = process;
    process.send({ type: "load", options });
  }

  #receive(process: EngineProcess, message: FromHost): void {
    if (process !== this.#process) return;
    this.#unanswered = 0;
    if (message.type === "pong") this.rssBytes = message.rssBytes;
    else if (message.type === "ready") this.#ready(message.info);
    else if (message.type === "load_failed") void this.#loadFailed(message.error);
    else this.#listener.message(message);
  }

  #ready(info: HostInfo): void {
    this.#readyAt = this.#needs.now();
    this.#enter("ready");
    this.#needs.log.info("engine_ready", { pid: this.pid });
    this.#process?.send({ type: "ping" });
    this.#beat();
    this.#listener.ready(info);
  }

  /** Waits for the process to be gone: what the library said comes on another way than its verdict. */
  async #loadFailed({ code, message }: HostError): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.stop();
    if (this.#state === "stopped") return;
    const reason = complaint(process?.lastLines() ?? []);
    const text = reason === undefined ? message : `${message} It says: ${reason}`;
    // What could be loaded before may be loaded again when memory or the disk is back.
    if (this.#readyAt > 0) this.#restartLater(`could not load its model again: ${text}`);
    else this.#giveUp(code, text);
  }

  #giveUp(code: ErrorCode, text: string): void {
    this.#enter("failed", text);
    this.#needs.log.error("engine_load_failed", { message: text });
    this.#listener.failed(new WeirError(code, text));
  }

  #beat(): void {
    this.#unanswered = 0;
    const { heartbeatMs, hangMs, schedule } = this.#needs;
    const again = (): void => {
      this.#takeBack = schedule(heartbeatMs, () => {
        if (this.#state !== "ready") return;
        // Beats are counted rather than time, so that a busy gateway does not blame its host.
        if (this.#unanswered++ * heartbeatMs >= hangMs) {
          this.#hung = true;
          this.#process?.kill();
          return;
        }
        this.#process?.send({ type: "ping" });
        again();
      });
    };
    again();
  }

  #exited(process: EngineProcess, reason: string): void {
    if (process !== this.#process) return;
    this.rssBytes = undefined;
    const what = this.#hung ? "stopped answering and was ended" : `ended (${reason})`;
    const lines = process.lastLines().slice(-3).join(" | ");
    this.#needs.log.error("engine_exited", { reason: what, lines });
    if (this.#readyAt === 0) {
      const message = `The engine ${what} while it loaded the model.`;
      void this.#loadFailed({ code: "model_unavailable", message });
      return;
    }
    this.#process = undefined;
    this.#restartLater(what);
  }

  #restartLater(what: string): void {
    const { now, schedule } = this.#needs;
    if (this.#state === "ready" && now() - this.#readyAt >= HEALTHY_MS) this.#crashes = 0;
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#crashes++);
    this.#retryAt = now() + waitMs;
    this.#enter("waiting", `The engine ${what}; it starts again in ${formatDuration(waitMs)}.`);
    this.#takeBack();
    this.#takeBack = schedule(waitMs, () => {
      this.restarts++;
      if (this.#options) this.#launch(this.#options);
    });
    this.#listener.lost(
      new WeirError(
        "engine_crashed",
        `The engine ${what} in the middle of this answer. It is being started again: retry.`,
        { retryAfterMs: Math.max(1000, waitMs) },
      ),
    );
  }

  #enter(state: State, detail?: string): void {
    this.#state = state;
    this.#detail = detail;
  }
}

/** What llama.cpp said about an error, without its function name; the reason comes before the verdict. */
function complaint(lines: readonly string[]): string | undefined {
  const errors = lines.filter((line) => /error|failed|unable|abort|assert/i.test(line));
  const line = errors.findLast((one) => /error/i.test(one)) ?? errors[0];
  return line?.replace(/^\w+: /, "").trim();
}
