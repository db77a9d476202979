import { type GenerateRequest, textOf } from "../../../core/chat.ts";
import { hashText } from "./order.ts";

const BLOCK_CHARS = 256;
/** Of very long prompts the start decides. */
const MAX_BLOCKS = 512;
const MAX_KEPT = 200_000;

/**
 * Which targets have seen the start of a prompt, by hashes of its blocks, each of which covers all
 * before it. An approximation of the engines' own prefix caches: it sees no evictions, so what was
 * not used for long is forgotten first.
 */
export class PrefixIndex<T> {
  /** In the order of use, the oldest first. */
  private readonly seen = new Map<number, Set<T>>();
  private readonly most: number;

  constructor(most = MAX_KEPT) {
    this.most = most;
  }

  /** The share of `blocks` that a target has seen without a gap, 0 to 1. */
  match(blocks: readonly number[], target: T): number {
    if (blocks.length === 0) return 0;
    const gap = blocks.findIndex((block) => !this.seen.get(block)?.has(target));
    return gap === -1 ? 1 : gap / blocks.length;
  }

  add(blocks: readonly number[], target: T): void {
    for (const block of blocks) {
      const targets = this.seen.get(block) ?? new Set();
      targets.add(target);
      this.seen.delete(block);
      this.seen.set(block, targets);
    }
    for (const oldest of this.seen.keys()) {
      if (this.seen.size <= this.most) break;
      this.seen.delete(oldest);
    }
  }
}

/** A prompt's blocks as hashes. A last block that is not full counts for a short prompt only. */
export function blocksOf(request: GenerateRequest): number[] {
  const text = promptOf(request);
  const blocks: number[] = [];
  let hash = hashText(request.model);
  for (
    let at = 0;
    at + BLOCK_CHARS <= text.length && blocks.length < MAX_BLOCKS;
    at += BLOCK_CHARS
  ) {
    hash = hashText(text.slice(at, at + BLOCK_CHARS), hash);
    blocks.push(hash);
  }
  return blocks.length > 0 ? blocks : [hashText(text, hash)];
}

function promptOf(request: GenerateRequest): string {
  if (request.kind === "completion") return request.prompt;
  const tools = request.tools?.map(({ name }) => name).join(" ") ?? "";
  const messages = request.messages.map(({ role, content }) => `${role}\n${textOf(content)}`);
  return `${tools}\n${messages.join("\n")}`;
}
