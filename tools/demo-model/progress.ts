import type { WriteStream } from "node:tty";

const WIDTH = 30;

export interface Progress {
  show(step: number, loss: number, tokensPerSecond: number): void;
  end(): void;
}

/** A bar that redraws itself on a terminal, a line every twentieth of the way elsewhere. */
export function createProgress(steps: number, out: WriteStream | undefined): Progress {
  const started = performance.now();
  return {
    show(step, loss, tokensPerSecond) {
      if (!out) return;
      const isMark = step % Math.ceil(steps / 20) === 0 || step === steps;
      if (!out.isTTY && !isMark) return;
      const left = ((performance.now() - started) / step) * (steps - step);
      const figures = `loss ${loss.toFixed(4)} · ${Math.round(tokensPerSecond)} tokens/s`;
      const line = `step ${step}/${steps} · ${figures} · ${Math.ceil(left / 1000)} s left`;
      const done = Math.round((WIDTH * step) / steps);
      const bar = "█".repeat(done) + "░".repeat(WIDTH - done);
      out.write(out.isTTY ? `\r${bar} ${line}   ` : `${line}\n`);
    },
    end() {
      if (out?.isTTY) out.write("\n");
    },
  };
}
