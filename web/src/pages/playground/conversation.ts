import { collect, NOTHING_YET, type Answer, type AnswerNeeds } from "./answer.ts";
import { toQuestion, type Message, type Question } from "./question.ts";
import type { Settings } from "./settings.ts";
import type { ToolCall, ToolResult } from "./tools.ts";

/** One request to a model and what came of it. */
export interface Step {
  readonly question: Question;
  readonly answer: Answer;
  /** What was sent back to the answer's calls; null as long as nothing was. */
  readonly results: readonly ToolResult[] | null;
}

/** What one model made of a prompt: several steps when it called tools. */
export interface Reply {
  readonly model: string;
  readonly steps: readonly Step[];
}

/** A message of the user and the replies to it, side by side. */
export interface Round {
  readonly id: number;
  readonly prompt: string;
  readonly images: readonly string[];
  readonly replies: readonly Reply[];
}

/** What the user writes. */
export interface Draft {
  readonly text: string;
  readonly images: readonly string[];
}

/** A message that was answered elsewhere. */
export interface Said {
  readonly prompt: string;
  readonly answer: string;
}

export const NO_DRAFT: Draft = { text: "", images: [] };

/** Whether the model waits for what its calls gave. */
export function isWaiting({ answer, results }: Step): boolean {
  return answer.state === "done" && answer.calls.length > 0 && results === null;
}

/**
 * The playground's conversation. It lives outside the page, so that following a link to a trace and
 * coming back loses nothing. One prompt at a time: `send` is ignored while an answer is under way.
 */
export function createConversation(needs: AnswerNeeds, kept: readonly Round[] = []) {
  const board = createBoard(kept);
  const running = new Map<string, AbortController>();

  async function run(id: number, model: string, question: Question): Promise<void> {
    const stopper = new AbortController();
    running.set(model, stopper);
    board.update(id, model, (steps) => [
      ...steps,
      { question, answer: NOTHING_YET, results: null },
    ]);
    for await (const answer of collect(needs, question, stopper.signal)) {
      // What ends is off the list before it is told, so that who hears of it may go on at once.
      if (answer.state !== "streaming" && running.get(model) === stopper) running.delete(model);
      board.update(id, model, (steps) => withLast(steps, { answer }));
    }
  }

  async function send({ text, images }: Draft, settings: Settings): Promise<void> {
    if (running.size > 0 || text.trim() === "") return;
    const earlier = board.rounds();
    const replies = settings.models.map((model) => ({ model, steps: [] }));
    const id = board.add({ prompt: text, images, replies });
    await Promise.all(
      settings.models.map((model) => {
        const messages: Message[] = [...toHistory(earlier, model), { role: "user", text, images }];
        return run(id, model, toQuestion(settings, model, messages));
      }),
    );
  }

  /** Hands a model what its calls gave; it goes on from there. */
  async function giveResults(model: string, results: readonly ToolResult[], settings: Settings) {
    const round = board.rounds().at(-1);
    const last = round?.replies.find((reply) => reply.model === model)?.steps.at(-1);
    if (!round || !last || !isWaiting(last) || running.has(model)) return;
    board.update(round.id, model, (steps) => withLast(steps, { results }));
    await run(round.id, model, toQuestion(settings, model, toHistory(board.rounds(), model)));
  }

  /** Takes the last round away and gives its message; nothing while an answer is under way. */
  function takeBack(): Draft {
    const last = board.rounds().at(-1);
    if (running.size > 0 || !last) return NO_DRAFT;
    board.set(board.rounds().slice(0, -1));
    return { text: last.prompt, images: last.images };
  }

  function stop(model?: string): void {
    for (const [name, stopper] of running)
      if (model === undefined || model === name) stopper.abort();
  }

  return {
    send,
    /** A round that was had elsewhere. */
    add: board.add,
    giveResults,
    takeBack,
    /** One model's answer, or all of them. */
    stop,
    /** Asks the last message again, with the present settings. */
    retry: (settings: Settings) => send(takeBack(), settings),
    clear: () => {
      stop();
      running.clear();
      board.set([]);
    },
    rounds: board.rounds,
    subscribe: board.subscribe,
  };
}

/** What was said elsewhere, as a round of this conversation. */
export function toRound({ prompt, answer }: Said, settings: Settings): Omit<Round, "id"> {
  const model = settings.models[0] ?? "";
  const question = toQuestion(settings, model, [{ role: "user", text: prompt, images: [] }]);
  const given: Answer = { ...NOTHING_YET, state: "done", text: answer };
  return {
    prompt,
    images: [],
    replies: [{ model, steps: [{ question, answer: given, results: null }] }],
  };
}

function withLast(steps: readonly Step[], change: Partial<Step>): readonly Step[] {
  return steps.map((step, index) => (index === steps.length - 1 ? { ...step, ...change } : step));
}

/** The rounds, and those who want to know when they change. */
function createBoard(kept: readonly Round[]) {
  let rounds = kept;
  let lastId = Math.max(0, ...kept.map(({ id }) => id));
  const listeners = new Set<() => void>();
  const set = (changed: readonly Round[]) => {
    rounds = changed;
    for (const listener of listeners) listener();
  };
  return {
    set,
    rounds: () => rounds,
    /** Gives the new round's id. */
    add: (round: Omit<Round, "id">): number => {
      lastId += 1;
      set([...rounds, { id: lastId, ...round }]);
      return lastId;
    },
    update: (id: number, model: string, change: (steps: readonly Step[]) => readonly Step[]) => {
      const changed = (reply: Reply) =>
        reply.model === model ? { ...reply, steps: change(reply.steps) } : reply;
      set(
        rounds.map((round) =>
          round.id === id ? { ...round, replies: round.replies.map(changed) } : round,
        ),
      );
    },
    subscribe: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What was said so far, as this model heard it; where it was not asked, what the first one said. */
function toHistory(rounds: readonly Round[], model: string): Message[] {
  return rounds.flatMap((round) => {
    const reply = round.replies.find((one) => one.model === model) ?? round.replies[0];
    const said = reply?.steps.flatMap(toSaid) ?? [];
    // A round without an answer is left out: a blocked message would block again.
    if (said.length === 0) return [];
    return [{ role: "user", text: round.prompt, images: round.images }, ...said];
  });
}

function toSaid({ answer, results }: Step): Message[] {
  // A call that nobody answered must not be sent: the model's API would refuse the next request.
  const calls = results === null ? [] : answer.calls.map(toCall);
  if (answer.text === "" && calls.length === 0) return [];
  const spoken: Message = { role: "assistant", text: answer.text, calls };
  return results === null ? [spoken] : [spoken, { role: "tool", results }];
}

function toCall({ id, name, arguments: typed }: ToolCall): ToolCall {
  return { id, name, arguments: typed };
}
