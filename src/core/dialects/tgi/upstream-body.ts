import type { CompletionRequest, GenerateRequest, ResponseFormat } from "../../chat.ts";
import type { UpstreamBody } from "../upstream-dialect.ts";
import { foreignExtra, refuse, unsupported, wishedFor } from "../wishes.ts";

/** Completions written for Text Generation Inference's own routes. Pure. */

type Fields = Readonly<Record<string, unknown>>;

/** How much of the prompt's end to keep: the one field of TGI's own that clients of any dialect send. */
const TRUNCATE = "truncate";

/** The JSON body for `/generate` and `/generate_stream`. Throws unsupported_parameter. */
export function toUpstreamBody(request: GenerateRequest): UpstreamBody {
  const completion = completionOnly(request);
  refuse(completion, ["logit_bias", "grammar"]);
  const { prompt, stop, topLogprobs, extra } = completion;
  return {
    body: {
      inputs: prompt,
      parameters: {
        ...toSampling(completion),
        max_new_tokens: completion.maxTokens,
        stop: stop.length > 0 ? stop : undefined,
        grammar: toGrammar(completion.responseFormat),
        top_n_tokens: topLogprobs || undefined,
        [TRUNCATE]: extra?.[TRUNCATE],
        // The prompt's echo is the reader's: a stream would leave it out.
        return_full_text: false,
        details: true,
        decoder_input_details: false,
      },
    },
    dropped: [
      ...wishedFor(completion, ["min_p", "presence_penalty", "user"]),
      ...foreignExtra(completion, "tgi").filter((name) => name !== TRUNCATE),
    ],
    carried: [TRUNCATE],
  };
}

function completionOnly(request: GenerateRequest): CompletionRequest {
  if (request.kind === "completion") return request;
  throw unsupported("messages", "TGI's own routes complete a prompt; chats go by its /v1 routes.");
}

/** TGI refuses the values that turn a wish off, and is greedy unless one of these is set. */
function toSampling({ sampling }: CompletionRequest): Fields {
  const { temperature, topP, topK, seed, repeatPenalty, frequencyPenalty } = sampling;
  const isGreedy = temperature === 0;
  return {
    ...(temperature && { temperature, do_sample: true }),
    ...(topP && topP < 1 && !isGreedy && { top_p: topP }),
    ...(topK && !isGreedy && { top_k: topK }),
    ...(repeatPenalty && { repetition_penalty: repeatPenalty }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    ...(seed !== undefined && { seed }),
  };
}

function toGrammar(format: ResponseFormat | undefined): Fields | undefined {
  if (!format || format.type === "text") return undefined;
  return {
    type: "json",
    value: format.type === "json_schema" ? format.schema : { type: "object" },
  };
}
