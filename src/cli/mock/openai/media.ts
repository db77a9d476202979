import { type Call, type Reply, numberOf, ok, stringsOf } from "../call.ts";
import { Refused, type Route, generation } from "../kind.ts";

/** The smallest PNG: one transparent pixel. */
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const CATEGORIES = [
  "harassment",
  "harassment/threatening",
  "hate",
  "hate/threatening",
  "illicit",
  "illicit/violent",
  "self-harm",
  "self-harm/intent",
  "self-harm/instructions",
  "sexual",
  "sexual/minors",
  "violence",
  "violence/graphic",
];

/** OpenAI's routes that are not about text alone. */
export function mediaRoutes(): Route[] {
  return [
    generation(/\/moderations$/, moderations),
    generation(/\/audio\/speech$/, speech),
    generation(/\/audio\/(transcriptions|translations)$/, transcription),
    generation(/\/images\/generations$/, images),
  ];
}

/** Flags what speaks of killing, as violence. */
function moderations({ body }: Call): Reply {
  const inputs = stringsOf(body["input"]);
  if (inputs.length === 0) throw new Refused(400, "Missing required parameter: 'input'.");
  return ok({
    id: "modr-mock",
    model: body["model"] ?? "omni-moderation-latest",
    results: inputs.map((text) => {
      const flagged = /\bkill/i.test(text);
      const isHit = (name: string) => flagged && name === "violence";
      const each = <Value>(value: (name: string) => Value) =>
        Object.fromEntries(CATEGORIES.map((name) => [name, value(name)]));
      return {
        flagged,
        categories: each(isHit),
        category_scores: each((name) => (isHit(name) ? 0.97 : 0.0003)),
        category_applied_input_types: each(() => ["text"]),
      };
    }),
  });
}

/** An MP3's first bytes and silence; `wav` starts as a WAV does. */
function speech({ body }: Call): Reply {
  if (typeof body["input"] !== "string")
    throw new Refused(400, "Missing required parameter: 'input'.");
  const isWav = body["response_format"] === "wav";
  const start = isWav ? Buffer.from("RIFF") : Buffer.from([0xff, 0xfb, 0x90, 0x64]);
  return {
    status: 200,
    headers: { "content-type": isWav ? "audio/wav" : "audio/mpeg" },
    body: Buffer.concat([start, Buffer.alloc(400)]),
  };
}

/** Answers a form with a file in it; anything else is refused as OpenAI refuses it. */
export function transcription({ headers, raw }: Call): Reply {
  const [, boundary] =
    /^multipart\/form-data;.*boundary="?([^";]+)/.exec(headers["content-type"] ?? "") ?? [];
  const form = raw.toString("latin1");
  if (boundary === undefined || !form.includes(`--${boundary}--`))
    throw new Refused(400, "Could not parse multipart form");
  if (!/name="file"; filename=/.test(form))
    throw new Refused(400, "Missing required parameter: 'file'.", { param: "file" });
  const [, format = "json"] = /name="response_format"\r\n\r\n(\w+)/.exec(form) ?? [];
  const text = "I hear a file.";
  if (format === "text")
    return {
      status: 200,
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: `${text}\n`,
    };
  if (format !== "verbose_json") return ok({ text, usage: { type: "duration", seconds: 1 } });
  const segment = {
    id: 0,
    seek: 0,
    start: 0,
    end: 1,
    text,
    tokens: [1, 2],
    temperature: 0,
    avg_logprob: -0.25,
    compression_ratio: 1,
    no_speech_prob: 0.01,
  };
  return ok({ task: "transcribe", language: "english", duration: 1, text, segments: [segment] });
}

function images({ body }: Call): Reply {
  if (typeof body["prompt"] !== "string")
    throw new Refused(400, "Missing required parameter: 'prompt'.", { param: "prompt" });
  const data = Array.from({ length: numberOf(body["n"]) ?? 1 }, () =>
    body["response_format"] === "url"
      ? { url: "https://images.example.com/mock.png" }
      : { b64_json: PIXEL },
  );
  return ok({
    created: 1_700_000_000,
    data,
    usage: { input_tokens: 8, output_tokens: 100, total_tokens: 108 },
  });
}
