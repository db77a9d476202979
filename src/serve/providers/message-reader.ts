import { StringDecoder } from "node:string_decoder";
import type { UpstreamDialect } from "../../core/dialects/upstream-dialect.ts";
import { createSseParser } from "../../core/sse.ts";
import { createAwsEventParser, toNamedMessage } from "./aws-event-stream.ts";

/** Cuts a streamed answer's bytes into messages, wherever the network cut them. */
export interface MessageReader {
  /** Throws RangeError when one message grows beyond its limit. */
  push(chunk: Buffer): void;
  /** The stream has ended: a last message that lacks its end mark is handed over. */
  end(): void;
}

export type OnMessage = (data: string, name: string) => void;

const CONTENT_TYPES = {
  sse: "text/event-stream",
  ndjson: "application/x-ndjson",
  "aws-event-stream": "application/vnd.amazon.eventstream",
} as const;

/** The reader for an answer of this content type; undefined when it is not a stream. */
export function openMessages(
  { framing }: UpstreamDialect,
  contentType: string,
  onMessage: OnMessage,
): MessageReader | undefined {
  if (!contentType.startsWith(CONTENT_TYPES[framing])) return undefined;
  if (framing === "sse") return readSse(onMessage);
  return framing === "ndjson" ? readLines(onMessage) : readEventStream(onMessage);
}

function readSse(onMessage: OnMessage): MessageReader {
  const decoder = new StringDecoder("utf8");
  const parser = createSseParser(({ data, event }) => onMessage(data, event));
  return { push: (chunk) => parser.push(decoder.write(chunk)), end: () => undefined };
}

const MAX_LINE_CHARS = 16 * 1024 * 1024;

function readLines(onMessage: OnMessage): MessageReader {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return {
    push(chunk) {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE_CHARS) throw new RangeError("a line grew beyond its limit");
      for (const line of lines) if (line.trim() !== "") onMessage(line, "");
    },
    end() {
      if (rest.trim() !== "") onMessage(rest, "");
    },
  };
}

function readEventStream(onMessage: OnMessage): MessageReader {
  const parser = createAwsEventParser((message) => {
    const { data, name } = toNamedMessage(message);
    onMessage(data, name);
  });
  return { push: (chunk) => parser.push(chunk), end: () => undefined };
}
