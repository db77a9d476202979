import { isJson, type Json } from "./json-file.ts";
import { quote, refusal } from "./refusal.ts";

/** Above every real one: a lying config must not cost memory. */
const MOST = 1e9;

/** A checkpoint's `config.json`, asked key by key. What is absent or null has its family's usual value. */
export class ModelConfig {
  readonly path: string;
  readonly #values: Json;

  constructor(path: string, values: Json) {
    this.path = path;
    this.#values = values;
  }

  /** The class in Hugging Face's library that runs it. */
  get architecture(): string {
    const { architectures } = this.#values;
    const first: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
    if (typeof first === "string") return first;
    throw refusal(`${this.path} names no architectures: what model this is cannot be known.`);
  }

  /** Whether it says anything: absent and null are the same. */
  has(key: string): boolean {
    return (this.#values[key] ?? null) !== null;
  }

  /** Whether it says null, and does not just leave it out. */
  isNull(key: string): boolean {
    return this.#values[key] === null;
  }

  /** A whole number from 1 on. */
  count(key: string, usual?: number): number {
    const value = this.number(key, usual);
    if (Number.isInteger(value) && value >= 1 && value <= MOST) return value;
    throw this.#wrong(key, "a whole number from 1 on");
  }

  number(key: string, usual?: number): number {
    const value = this.has(key) ? this.#values[key] : usual;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.#wrong(key, "a number");
  }

  flag(key: string, usual: boolean): boolean {
    const value = this.has(key) ? this.#values[key] : usual;
    if (typeof value === "boolean") return value;
    throw this.#wrong(key, "true or false");
  }

  /** A text, or undefined where it says none. */
  text(key: string): string | undefined {
    const value = this.#values[key] ?? undefined;
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(key, "a text");
  }

  /** A part of its own, or undefined where there is none. */
  part(key: string): ModelConfig | undefined {
    if (!this.has(key)) return undefined;
    const value = this.#values[key];
    if (isJson(value)) return new ModelConfig(`${this.path} (${key})`, value);
    throw this.#wrong(key, "an object");
  }

  numbers(key: string): readonly number[] | undefined {
    const value = this.#values[key] ?? undefined;
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((one) => typeof one === "number")) return value;
    throw this.#wrong(key, "a list of numbers");
  }

  texts(key: string): readonly string[] | undefined {
    const value = this.#values[key] ?? undefined;
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
    throw this.#wrong(key, "a list of texts");
  }

  /** A token's id; undefined where it names none or several. */
  tokenId(key: string): number | undefined {
    const value = this.#values[key];
    return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
  }

  /** Throws unless the value is one of these: the engine would compute something else. */
  mustBe(key: string, allowed: readonly unknown[]): void {
    const value = this.#values[key] ?? null;
    if (value === null || allowed.includes(value)) return;
    const known = allowed.map((one) => JSON.stringify(one)).join(" or ");
    throw refusal(
      `${this.path} has ${key} ${quote(JSON.stringify(value))}; the engine computes only ${known} for this family.`,
    );
  }

  #wrong(key: string, wanted: string) {
    const value = this.#values[key];
    const found = value === undefined ? "is missing" : `is ${quote(JSON.stringify(value))}`;
    return refusal(`${this.path}: ${key} ${found}; it should be ${wanted}.`);
  }
}
