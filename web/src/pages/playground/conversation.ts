import { ApiError } from "../../api/api-error.ts";
import { toBody, type ChatBody, type ChatMessage, type Settings } from "./chat-body.ts";
import type { ChatEvent, ChatUsage } from "./chat-stream.ts";

/** One answer as far as it came, and what is known about it. */
export interface Answer {
  readonly state: "streaming" | "done" | "stopped" | "failed";
  readonly text: string;
  readonly traceId: string | null;
  readonly finishReason: string | null;
  readonly usage: ChatUsage | null;
  /** Milliseconds from sending to the first text, and to the end. */
  readonly ttftMs: number | null;
  readonly totalMs: number | null;
  readonly error: ApiError | null;
}

/** A message of the user with the request it became and the answer to it. */
export interface Turn {
  readonly id: number;
  readonly prompt: string;
  readonly body: ChatBody;
  readonly answer: Answer;
}

export interface Needs {
  readonly stream: (body: ChatBody, signal: AbortSignal) => AsyncIterable<ChatEvent>;
  readonly now: () => number;
}

const NOTHING_YET: Answer = {
  state: "streaming",
  text: "",
  traceId: null,
  finishReason: null,
  usage: null,
  ttftMs: null,
  totalMs: null,
  error: null,
};

/**
 * The playground's conversation. It lives outside the page, so that following a link to a trace and
 * coming back loses nothing. One answer at a time: `send` is ignored while one is under way.
 */
export function createConversation(needs: Needs) {
  const board = createBoard();
  let running: AbortController | null = null;
  let nextId = 1;

  async function send(prompt: string, settings: Settings): Promise<void> {
    if (running !== null || prompt.trim() === "") return;
    running = new AbortController();
    const body = toBody(settings, [
      ...toMessages(board.turns()),
      { role: "user", content: prompt },
    ]);
    const id = nextId;
    nextId += 1;
    board.set([...board.turns(), { id, prompt, body, answer: NOTHING_YET }]);
    for await (const answer of collect(needs, body, running.signal)) board.update(id, answer);
    running = null;
  }

  /** Takes the last turn away and gives its message; nothing while an answer is under way. */
  function takeBack(): string {
    const last = board.turns().at(-1);
    if (running !== null || !last) return "";
    board.set(board.turns().slice(0, -1));
    return last.prompt;
  }

  return {
    send,
    takeBack,
    stop: () => running?.abort(),
    /** Asks the last message again, with the present settings. */
    retry: (settings: Settings) => send(takeBack(), settings),
    clear: () => {
      running?.abort();
      board.set([]);
    },
    turns: board.turns,
    subscribe: board.subscribe,
  };
}

/** The turns, and those who want to know when they change. */
function createBoard() {
  let turns: readonly Turn[] = [];
  const listeners = new Set<() => void>();
  const set = (changed: readonly Turn[]) => {
    turns = changed;
    for (const listener of listeners) listener();
  };
  return {
    set,
    turns: () => turns,
    update: (id: number, answer: Answer) => {
      set(turns.map((turn) => (turn.id === id ? { ...turn, answer } : turn)));
    },
    subscribe: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** An answer as it grows. The last one is done, stopped or failed; nothing is thrown. */
async function* collect(
  { stream, now }: Needs,
  body: ChatBody,
  signal: AbortSignal,
): AsyncGenerator<Answer> {
  const started = now();
  let answer = NOTHING_YET;
  try {
    for await (const event of stream(body, signal)) {
      answer = afterEvent(answer, event, now() - started);
      yield answer;
    }
    yield { ...answer, state: "done", totalMs: now() - started };
  } catch (error) {
    const totalMs = now() - started;
    yield signal.aborted
      ? { ...answer, state: "stopped", totalMs }
      : { ...answer, state: "failed", totalMs, error: asApiError(error) };
  }
}

/** What was said so far. A turn without an answer is left out: a blocked message would block again. */
function toMessages(turns: readonly Turn[]): ChatMessage[] {
  return turns
    .filter(({ answer }) => answer.text !== "")
    .flatMap(({ prompt, answer }): ChatMessage[] => [
      { role: "user", content: prompt },
      { role: "assistant", content: answer.text },
    ]);
}

function afterEvent(answer: Answer, event: ChatEvent, elapsedMs: number): Answer {
  switch (event.type) {
    case "start":
      return { ...answer, traceId: event.traceId };
    case "text-delta":
      return { ...answer, text: answer.text + event.text, ttftMs: answer.ttftMs ?? elapsedMs };
    case "finish":
      return { ...answer, finishReason: event.reason };
    default:
      return { ...answer, usage: event.usage };
  }
}

/** Tokens a second after the first one; null when there were too few to tell. */
export function tokensPerSecond({ usage, ttftMs, totalMs }: Answer): number | null {
  if (usage === null || ttftMs === null || totalMs === null) return null;
  const seconds = (totalMs - ttftMs) / 1000;
  return usage.outputTokens < 2 || seconds <= 0 ? null : (usage.outputTokens - 1) / seconds;
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(message, { status: 0, code: "unexpected_answer" }, { cause: error });
}
