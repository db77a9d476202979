/** Rotary positions as Hugging Face's library turns them: the first half of a head against the second. */

export interface Turn {
  /** One for each pair. */
  readonly frequencies: readonly number[];
  /** What yarn and longrope multiply cosine and sine by. */
  readonly scale: number;
}

/** Turns the first numbers of a head, two for each frequency; the rest stay. */
export function turn(head: Float64Array, position: number, { frequencies, scale }: Turn) {
  const half = frequencies.length;
  const out = Float64Array.from(head);
  for (const [at, frequency] of frequencies.entries()) {
    const cosine = Math.cos(position * frequency) * scale;
    const sine = Math.sin(position * frequency) * scale;
    const [a = 0, b = 0] = [head[at], head[at + half]];
    out[at] = a * cosine - b * sine;
    out[at + half] = b * cosine + a * sine;
  }
  return out;
}

/** Without any scaling. */
export function plainTurn(size: number, theta: number): Turn {
  const frequencies = Array.from({ length: size / 2 }, (_, at) => theta ** (-(2 * at) / size));
  return { frequencies, scale: 1 };
}

/** All positions squeezed alike. */
export function linearTurn(size: number, theta: number, factor: number): Turn {
  const { frequencies } = plainTurn(size, theta);
  return { frequencies: frequencies.map((one) => one / factor), scale: 1 };
}

interface Llama3 {
  readonly factor: number;
  readonly low_freq_factor: number;
  readonly high_freq_factor: number;
  readonly original_max_position_embeddings: number;
}

/** Llama 3.1: long waves squeezed, short ones not. */
export function llama3Turn(size: number, theta: number, scaling: Llama3): Turn {
  const { factor, low_freq_factor: low, high_freq_factor: high } = scaling;
  const original = scaling.original_max_position_embeddings;
  const frequencies = plainTurn(size, theta).frequencies.map((frequency) => {
    const wave = (2 * Math.PI) / frequency;
    if (wave > original / low) return frequency / factor;
    if (wave < original / high) return frequency;
    const smooth = (original / wave - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
  return { frequencies, scale: 1 };
}

interface Yarn {
  readonly factor: number;
  readonly original_max_position_embeddings: number;
  readonly beta_fast?: number;
  readonly beta_slow?: number;
}

export function yarnTurn(size: number, theta: number, scaling: Yarn): Turn {
  const { factor, beta_fast: fast = 32, beta_slow: slow = 1 } = scaling;
  const original = scaling.original_max_position_embeddings;
  const dimension = (turns: number) =>
    (size * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = Math.max(Math.floor(dimension(fast)), 0);
  const high = Math.min(Math.ceil(dimension(slow)), size - 1);
  const frequencies = plainTurn(size, theta).frequencies.map((frequency, at) => {
    const ramp = Math.min(1, Math.max(0, (at - low) / (high === low ? 0.001 : high - low)));
    return (frequency / factor) * ramp + frequency * (1 - ramp);
  });
  return { frequencies, scale: 0.1 * Math.log(factor) + 1 };
}

/** Phi 3: a factor for each frequency, and a scale for the whole. */
export function longTurn(size: number, theta: number, long: Long): Turn {
  const { factors, original, context } = long;
  const frequencies = plainTurn(size, theta).frequencies.map(
    (frequency, at) => frequency / (factors[at] ?? 1),
  );
  const ratio = context / original;
  const scale = ratio <= 1 ? 1 : Math.sqrt(1 + Math.log(ratio) / Math.log(original));
  return { frequencies, scale };
}

interface Long {
  readonly factors: readonly number[];
  readonly original: number;
  readonly context: number;
}
