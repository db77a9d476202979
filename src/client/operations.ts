/** Written by `npm run client` from the server's OpenAPI document. Not by hand. */

/**
 * Every endpoint: what goes in and what comes out.
 */
export interface Operations {
  /**
   * Answer a chat, whole or as a stream of server-sent events
   */
  "POST /v1/chat/completions": {
    body: {
      /**
       * a model name from weir.yaml
       */
      model: string;
      stream?: boolean | null;
      stream_options?: {
        include_usage?: boolean | null;
        [k: string]: unknown;
      } | null;
      n?: number | null;
      stop?: (string | string[]) | null;
      seed?: number | null;
      temperature?: number | null;
      top_p?: number | null;
      /**
       * not OpenAI's: 0 or -1 turns it off
       */
      top_k?: number | null;
      /**
       * not OpenAI's
       */
      min_p?: number | null;
      /**
       * not OpenAI's; 1 turns it off
       */
      repeat_penalty?: number | null;
      /**
       * vLLM's name of the same
       */
      repetition_penalty?: number | null;
      frequency_penalty?: number | null;
      presence_penalty?: number | null;
      logit_bias?: {
        [k: string]: number;
      } | null;
      max_tokens?: number | null;
      /**
       * on whose behalf: limits, traces and risk are kept by it
       */
      user?: string | null;
      /**
       * not OpenAI's: a GBNF grammar, for the embedded engine and llama-server
       */
      grammar?: string | null;
      /**
       * @minItems 1
       */
      messages: (
        | {
            role: "system";
            content:
              | string
              | (
                  | (
                      | {
                          type: "text";
                          text: string;
                          /**
                           * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                           */
                          cache_control?: {
                            ttl?: ("5m" | "1h") | null;
                            [k: string]: unknown;
                          } | null;
                          [k: string]: unknown;
                        }
                      | {
                          type: "image_url";
                          image_url: {
                            url: string;
                            detail?: string | null;
                            [k: string]: unknown;
                          };
                          cache_control?: {
                            ttl?: ("5m" | "1h") | null;
                            [k: string]: unknown;
                          } | null;
                          [k: string]: unknown;
                        }
                      | {
                          type: "input_audio";
                          input_audio: {
                            data: string;
                            format: string;
                            [k: string]: unknown;
                          };
                          [k: string]: unknown;
                        }
                      | {
                          type: "file";
                          file: {
                            file_data?: string | null;
                            filename?: string | null;
                            file_id?: string | null;
                            [k: string]: unknown;
                          };
                          [k: string]: unknown;
                        }
                      | {
                          type: "refusal";
                          refusal: string;
                          [k: string]: unknown;
                        }
                    )
                  | {
                      type: string;
                      [k: string]: unknown;
                    }
                )[];
            name?: string | null;
            [k: string]: unknown;
          }
        | {
            role: "developer";
            content:
              | string
              | (
                  | (
                      | {
                          type: "text";
                          text: string;
                          /**
                           * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                           */
                          cache_control?: {
                            ttl?: ("5m" | "1h") | null;
                            [k: string]: unknown;
                          } | null;
                          [k: string]: unknown;
                        }
                      | {
                          type: "image_url";
                          image_url: {
                            url: string;
                            detail?: string | null;
                            [k: string]: unknown;
                          };
                          cache_control?: {
                            ttl?: ("5m" | "1h") | null;
                            [k: string]: unknown;
                          } | null;
                          [k: string]: unknown;
                        }
                      | {
                          type: "input_audio";
                          input_audio: {
                            data: string;
                            format: string;
                            [k: string]: unknown;
                          };
                          [k: string]: unknown;
                        }
                      | {
                          type: "file";
                          file: {
                            file_data?: string | null;
                            filename?: string | null;
                            file_id?: string | null;
                            [k: string]: unknown;
                          };
                          [k: string]: unknown;
                        }
                      | {
                          type: "refusal";
                          refusal: string;
                          [k: string]: unknown;
                        }
                    )
                  | {
                      type: string;
                      [k: string]: unknown;
                    }
                )[];
            name?: string | null;
            [k: string]: unknown;
          }
        | {
            role: "user";
            content:
              | string
              | (
                  | (
                      | {
                          type: "text";
                          text: string;
                          /**
                           * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                           */
                          cache_control?: {
                            ttl?: ("5m" | "1h") | null;
                            [k: string]: unknown;
                          } | null;
                          [k: string]: unknown;
                        }
                      | {
                          type: "image_url";
                          image_url: {
                            url: string;
                            detail?: string | null;
                            [k: string]: unknown;
                          };
                          cache_control?: {
                            ttl?: ("5m" | "1h") | null;
                            [k: string]: unknown;
                          } | null;
                          [k: string]: unknown;
                        }
                      | {
                          type: "input_audio";
                          input_audio: {
                            data: string;
                            format: string;
                            [k: string]: unknown;
                          };
                          [k: string]: unknown;
                        }
                      | {
                          type: "file";
                          file: {
                            file_data?: string | null;
                            filename?: string | null;
                            file_id?: string | null;
                            [k: string]: unknown;
                          };
                          [k: string]: unknown;
                        }
                      | {
                          type: "refusal";
                          refusal: string;
                          [k: string]: unknown;
                        }
                    )
                  | {
                      type: string;
                      [k: string]: unknown;
                    }
                )[];
            name?: string | null;
            [k: string]: unknown;
          }
        | {
            role: "assistant";
            content?:
              | (
                  | string
                  | (
                      | (
                          | {
                              type: "text";
                              text: string;
                              /**
                               * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                               */
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "image_url";
                              image_url: {
                                url: string;
                                detail?: string | null;
                                [k: string]: unknown;
                              };
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "input_audio";
                              input_audio: {
                                data: string;
                                format: string;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "file";
                              file: {
                                file_data?: string | null;
                                filename?: string | null;
                                file_id?: string | null;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "refusal";
                              refusal: string;
                              [k: string]: unknown;
                            }
                        )
                      | {
                          type: string;
                          [k: string]: unknown;
                        }
                    )[]
                )
              | null;
            name?: string | null;
            refusal?: string | null;
            tool_calls?:
              | {
                  id: string;
                  type?: "function";
                  function: {
                    name: string;
                    arguments: string;
                    [k: string]: unknown;
                  };
                  /**
                   * not OpenAI's: where Gemini's signature of a call travels
                   */
                  extra_content?: {
                    google?: {
                      thought_signature?: string | null;
                      [k: string]: unknown;
                    } | null;
                    [k: string]: unknown;
                  } | null;
                  [k: string]: unknown;
                }[]
              | null;
            /**
             * not OpenAI's: the earlier thinking
             */
            reasoning_content?: string | null;
            /**
             * not OpenAI's: the earlier thinking
             */
            reasoning?: string | null;
            /**
             * not OpenAI's: the earlier thinking with its signatures
             */
            reasoning_details?:
              | {
                  type: string;
                  text?: string | null;
                  summary?: string | null;
                  data?: string | null;
                  signature?: string | null;
                  id?: string | null;
                  [k: string]: unknown;
                }[]
              | null;
            [k: string]: unknown;
          }
        | {
            role: "tool";
            content:
              | string
              | (
                  | (
                      | {
                          type: "text";
                          text: string;
                          /**
                           * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                           */
                          cache_control?: {
                            ttl?: ("5m" | "1h") | null;
                            [k: string]: unknown;
                          } | null;
                          [k: string]: unknown;
                        }
                      | {
                          type: "image_url";
                          image_url: {
                            url: string;
                            detail?: string | null;
                            [k: string]: unknown;
                          };
                          cache_control?: {
                            ttl?: ("5m" | "1h") | null;
                            [k: string]: unknown;
                          } | null;
                          [k: string]: unknown;
                        }
                      | {
                          type: "input_audio";
                          input_audio: {
                            data: string;
                            format: string;
                            [k: string]: unknown;
                          };
                          [k: string]: unknown;
                        }
                      | {
                          type: "file";
                          file: {
                            file_data?: string | null;
                            filename?: string | null;
                            file_id?: string | null;
                            [k: string]: unknown;
                          };
                          [k: string]: unknown;
                        }
                      | {
                          type: "refusal";
                          refusal: string;
                          [k: string]: unknown;
                        }
                    )
                  | {
                      type: string;
                      [k: string]: unknown;
                    }
                )[];
            tool_call_id: string;
            [k: string]: unknown;
          }
      )[];
      max_completion_tokens?: number | null;
      logprobs?: boolean | null;
      top_logprobs?: number | null;
      response_format?:
        | (
            | {
                type: "text";
                [k: string]: unknown;
              }
            | {
                type: "json_object";
                [k: string]: unknown;
              }
            | {
                type: "json_schema";
                json_schema: {
                  name?: string;
                  description?: string | null;
                  schema?: {
                    [k: string]: unknown;
                  } | null;
                  strict?: boolean | null;
                  [k: string]: unknown;
                };
                [k: string]: unknown;
              }
          )
        | null;
      tools?:
        | (
            | {
                type: "function";
                function: {
                  name: string;
                  description?: string | null;
                  parameters?: {
                    [k: string]: unknown;
                  } | null;
                  strict?: boolean | null;
                  [k: string]: unknown;
                };
                cache_control?: {
                  ttl?: ("5m" | "1h") | null;
                  [k: string]: unknown;
                } | null;
                [k: string]: unknown;
              }
            | {
                type: string;
                [k: string]: unknown;
              }
          )[]
        | null;
      tool_choice?:
        | (
            | ("auto" | "none" | "required")
            | {
                type: "function";
                function: {
                  name: string;
                  [k: string]: unknown;
                };
                [k: string]: unknown;
              }
          )
        | null;
      parallel_tool_calls?: boolean | null;
      reasoning_effort?: ("none" | "minimal" | "low" | "medium" | "high" | "xhigh") | null;
      /**
       * not OpenAI's: effort, or the most tokens of thinking
       */
      reasoning?: {
        effort?: ("none" | "minimal" | "low" | "medium" | "high" | "xhigh") | null;
        max_tokens?: number | null;
        [k: string]: unknown;
      } | null;
      [k: string]: unknown;
    };
    /**
     * the protocol's answer, or its stream of server-sent events
     */
    answer: {
      [k: string]: unknown;
    };
  };
  /**
   * Continue a text, whole or as a stream of server-sent events
   */
  "POST /v1/completions": {
    body: {
      /**
       * a model name from weir.yaml
       */
      model: string;
      stream?: boolean | null;
      stream_options?: {
        include_usage?: boolean | null;
        [k: string]: unknown;
      } | null;
      n?: number | null;
      stop?: (string | string[]) | null;
      seed?: number | null;
      temperature?: number | null;
      top_p?: number | null;
      /**
       * not OpenAI's: 0 or -1 turns it off
       */
      top_k?: number | null;
      /**
       * not OpenAI's
       */
      min_p?: number | null;
      /**
       * not OpenAI's; 1 turns it off
       */
      repeat_penalty?: number | null;
      /**
       * vLLM's name of the same
       */
      repetition_penalty?: number | null;
      frequency_penalty?: number | null;
      presence_penalty?: number | null;
      logit_bias?: {
        [k: string]: number;
      } | null;
      max_tokens?: number | null;
      /**
       * on whose behalf: limits, traces and risk are kept by it
       */
      user?: string | null;
      /**
       * not OpenAI's: a GBNF grammar, for the embedded engine and llama-server
       */
      grammar?: string | null;
      prompt: string | never[];
      echo?: boolean | null;
      logprobs?: number | null;
      /**
       * not OpenAI's here: vLLM's, and others'
       */
      response_format?:
        | (
            | {
                type: "text";
                [k: string]: unknown;
              }
            | {
                type: "json_object";
                [k: string]: unknown;
              }
            | {
                type: "json_schema";
                json_schema: {
                  name?: string;
                  description?: string | null;
                  schema?: {
                    [k: string]: unknown;
                  } | null;
                  strict?: boolean | null;
                  [k: string]: unknown;
                };
                [k: string]: unknown;
              }
          )
        | null;
      [k: string]: unknown;
    };
    /**
     * the protocol's answer, or its stream of server-sent events
     */
    answer: {
      [k: string]: unknown;
    };
  };
  /**
   * Answer a chat in Anthropic's protocol
   */
  "POST /v1/messages": {
    body: {
      /**
       * a model name from weir.yaml
       */
      model: string;
      /**
       * @minItems 1
       */
      messages: {
        role: "user" | "assistant" | "system";
        content: {
          type: string;
          [k: string]: unknown;
        }[];
        [k: string]: unknown;
      }[];
      system?:
        | {
            type: "text";
            text: string;
            cache_control?: {
              type: "ephemeral";
              ttl?: ("5m" | "1h") | null;
              [k: string]: unknown;
            } | null;
            [k: string]: unknown;
          }[]
        | null;
      tools?:
        | {
            type?: string | null;
            [k: string]: unknown;
          }[]
        | null;
      tool_choice?: {
        type: "auto" | "any" | "tool" | "none";
        /**
         * with type tool: which
         */
        name?: string | null;
        disable_parallel_tool_use?: boolean | null;
        [k: string]: unknown;
      } | null;
      thinking?: {
        /**
         * enabled, adaptive or disabled
         */
        type: string;
        /**
         * with type enabled: the most to think
         */
        budget_tokens?: number | null;
        display?: string | null;
        [k: string]: unknown;
      } | null;
      output_config?: {
        effort?: string | null;
        format?: {
          type: "json_schema";
          schema: {
            [k: string]: unknown;
          };
          [k: string]: unknown;
        } | null;
        [k: string]: unknown;
      } | null;
      /**
       * the older place of output_config.format
       */
      output_format?: {
        type: "json_schema";
        schema: {
          [k: string]: unknown;
        };
        [k: string]: unknown;
      } | null;
      /**
       * required by this protocol
       */
      max_tokens: number;
      stream?: boolean | null;
      stop_sequences?: string[] | null;
      temperature?: number | null;
      top_p?: number | null;
      top_k?: number | null;
      metadata?: {
        user_id?: string | null;
        [k: string]: unknown;
      } | null;
      [k: string]: unknown;
    };
    /**
     * the protocol's answer, or its stream of server-sent events
     */
    answer: {
      [k: string]: unknown;
    };
  };
  /**
   * Answer in OpenAI's Responses protocol, with what was said before
   */
  "POST /v1/responses": {
    body: {
      /**
       * a model name from weir.yaml
       */
      model: string;
      /**
       * a text, or a list of items: messages, function calls and their outputs, thoughts
       */
      input?:
        | string
        | {
            type?: string;
            [k: string]: unknown;
          }[];
      instructions?: string | null;
      tools?:
        | {
            type: string;
            [k: string]: unknown;
          }[]
        | null;
      tool_choice?:
        | (
            | ("auto" | "none" | "required")
            | {
                type: string;
                [k: string]: unknown;
              }
          )
        | null;
      parallel_tool_calls?: boolean | null;
      text?: {
        format?:
          | (
              | {
                  type: "text";
                }
              | {
                  type: "json_object";
                }
              | {
                  type: "json_schema";
                  name?: string;
                  schema: {
                    [k: string]: unknown;
                  };
                  description?: string | null;
                  strict?: boolean | null;
                }
            )
          | null;
        [k: string]: unknown;
      } | null;
      reasoning?: {
        effort?: ("none" | "minimal" | "low" | "medium" | "high" | "xhigh") | null;
        summary?: ("auto" | "concise" | "detailed") | null;
        generate_summary?: ("auto" | "concise" | "detailed") | null;
        [k: string]: unknown;
      } | null;
      max_output_tokens?: number | null;
      temperature?: number | null;
      top_p?: number | null;
      top_logprobs?: number | null;
      include?: string[] | null;
      metadata?: {
        [k: string]: string;
      } | null;
      /**
       * false: nothing is kept of this call
       */
      store?: boolean | null;
      previous_response_id?: string | null;
      conversation?:
        | (
            | string
            | {
                id: string;
                [k: string]: unknown;
              }
          )
        | null;
      background?: boolean | null;
      stream?: boolean | null;
      truncation?: ("auto" | "disabled") | null;
      user?: string | null;
      safety_identifier?: string | null;
      [k: string]: unknown;
    };
    /**
     * the protocol's answer, or its stream of server-sent events
     */
    answer: {
      [k: string]: unknown;
    };
  };
  /**
   * Take up a stream that was opened with x-weir-resume: 1, after Last-Event-ID
   */
  "GET /v1/streams/{id}": {
    path: {
      id: string;
    };
    answer: unknown;
  };
  /**
   * Turn texts into vectors
   */
  "POST /v1/embeddings": {
    body: {
      model: string;
      input: string | string[] | number[] | number[][];
      encoding_format?: ("float" | "base64") | null;
      dimensions?: number | null;
      user?: string | null;
      [k: string]: unknown;
    };
    /**
     * the protocol's answer, or its stream of server-sent events
     */
    answer: {
      [k: string]: unknown;
    };
  };
  /**
   * Whether the process lives
   */
  "GET /health": {
    answer: {
      status: "ok";
    };
  };
  /**
   * Whether traffic may come
   */
  "GET /ready": {
    answer: {
      status: "ready" | "not_ready";
      reasons: string[];
    };
  };
  /**
   * What runs here
   */
  "GET /version": {
    answer: {
      name: "weir";
      version: string;
      node: string;
    };
  };
  /**
   * Prometheus metrics
   */
  "GET /metrics": {
    answer: unknown;
  };
  /**
   * The models here
   */
  "GET /v1/models": {
    answer:
      | {
          object: "list";
          data: {
            id: string;
            object: "model";
            created: number;
            owned_by: string;
          }[];
        }
      | {
          data: {
            type: "model";
            id: string;
            display_name: string;
            created_at: string;
          }[];
          has_more: boolean;
          first_id: string | null;
          last_id: string | null;
        };
  };
  /**
   * One model
   */
  "GET /v1/models/{name}": {
    path: {
      name: string;
    };
    answer:
      | {
          id: string;
          object: "model";
          created: number;
          owned_by: string;
        }
      | {
          type: "model";
          id: string;
          display_name: string;
          created_at: string;
        };
  };
  /**
   * Models, targets and engines
   */
  "GET /admin/v1/models": {
    answer: {
      models: {
        name: string;
        default: boolean;
        routing: {
          strategy: string;
          /**
           * calls for which no target has room
           */
          waiting: number;
          /**
           * the target that gets copies
           */
          shadow: string | null;
        };
        targets: {
          id: string;
          provider: string;
          model: string;
          url: string | null;
          weight: number;
          fallback: boolean;
          state: "ready" | "loading" | "failed" | "stopped" | "unknown";
          detail: string | null;
          /**
           * what it can do beside chats: `rerank`, `tokenize`, `audio`, `facts`, …
           */
          abilities: string[];
          /**
           * what can be done to its engine: see POST actions
           */
          actions: string[];
          engine: {
            file: string;
            fileBytes: number;
            architecture: string;
            parameters: number;
            quantization: string;
            /**
             * per slot
             */
            contextTokens: number;
            trainedContextTokens: number;
            slots: number;
            running: number;
            waiting: number;
            /**
             * computed since the engine started
             */
            promptTokens: number;
            /**
             * taken from the KV cache since the engine started
             */
            cachedTokens: number;
            generatedTokens: number;
            /**
             * the share that running answers hold, 0 to 1
             */
            kvCacheUsage: number;
            /**
             * the share kept of earlier answers, for prompts that begin alike
             */
            kvCacheKept: number;
            restarts: number;
            rssBytes: number | null;
            devices: string[];
            /**
             * `llama.cpp v0.5.0 (zen4)` or `llama-server`
             */
            backend: string;
          } | null;
          routing: {
            /**
             * open: it failed, and is spared; half-open: the next call probes it
             */
            breaker: "closed" | "open" | "half-open";
            /**
             * an operator took it out: it gets no new calls
             */
            isDrained: boolean;
            inFlight: number;
            /**
             * of prompts sent there that have no answer yet
             */
            waitingPromptTokens: number;
            /**
             * the last peak of its time to first content, fading over 10 s
             */
            firstContentMs: number | null;
            /**
             * of one stream
             */
            tokensPerSecond: number | null;
            /**
             * since the server's start
             */
            attempts: number;
            failures: number;
            lastError: string | null;
            lastErrorAt: number | null;
            tags: string[];
            /**
             * the most calls at the same time
             */
            concurrency: number | null;
          };
          /**
           * US dollars
           */
          inputPricePerMillion: number | null;
          /**
           * US dollars
           */
          outputPricePerMillion: number | null;
        }[];
        calls24h: number;
      }[];
    };
  };
  /**
   * What an upstream says of itself
   */
  "GET /admin/v1/targets/facts": {
    query: {
      /**
       * the model's name, as `chat`
       */
      model: string;
      /**
       * the target's id, as `vllm/Qwen/Qwen3-8B`
       */
      target: string;
    };
    answer: {
      version?: string;
      models: {
        id: string;
        contextTokens?: number;
      }[];
      load?: {
        running?: number;
        waiting?: number;
        /**
         * 0 to 1
         */
        kvCacheUsage?: number;
        /**
         * 0 to 1, since the engine's start
         */
        prefixCacheHitRate?: number;
        promptTokens?: number;
        generatedTokens?: number;
      };
      isSleeping?: boolean;
      /**
       * routes of the engine that answer someone without its key
       */
      openRoutes?: string[];
      /**
       * how long the questions took
       */
      ms: number;
    };
  };
  /**
   * Let a target make a few tokens
   */
  "POST /admin/v1/targets/test": {
    body: {
      /**
       * the model's name, as `chat`
       */
      model: string;
      /**
       * the target's id, as `vllm/Qwen/Qwen3-8B`
       */
      target: string;
    };
    answer: {
      ok: boolean;
      error: string | null;
      firstContentMs: number | null;
      totalMs: number;
      text: string;
      /**
       * null where the upstream counted nothing
       */
      usage: {
        inputTokens: number;
        outputTokens: number;
      } | null;
    };
  };
  /**
   * Load or unload an adapter, put an engine to sleep or wake it, empty its cache
   */
  "POST /admin/v1/targets/actions": {
    body:
      | {
          /**
           * the model's name, as `chat`
           */
          model: string;
          /**
           * the target's id, as `vllm/Qwen/Qwen3-8B`
           */
          target: string;
          action: "load-lora";
          name: string;
          /**
           * as the engine sees it
           */
          path: string;
        }
      | {
          /**
           * the model's name, as `chat`
           */
          model: string;
          /**
           * the target's id, as `vllm/Qwen/Qwen3-8B`
           */
          target: string;
          action: "unload-lora";
          name: string;
        }
      | {
          /**
           * the model's name, as `chat`
           */
          model: string;
          /**
           * the target's id, as `vllm/Qwen/Qwen3-8B`
           */
          target: string;
          action: "sleep";
          level?: 1 | 2;
        }
      | {
          /**
           * the model's name, as `chat`
           */
          model: string;
          /**
           * the target's id, as `vllm/Qwen/Qwen3-8B`
           */
          target: string;
          action: "wake";
        }
      | {
          /**
           * the model's name, as `chat`
           */
          model: string;
          /**
           * the target's id, as `vllm/Qwen/Qwen3-8B`
           */
          target: string;
          action: "reset-prefix-cache";
        }
      | {
          /**
           * the model's name, as `chat`
           */
          model: string;
          /**
           * the target's id, as `vllm/Qwen/Qwen3-8B`
           */
          target: string;
          /**
           * no new calls go there
           */
          action: "drain";
        }
      | {
          /**
           * the model's name, as `chat`
           */
          model: string;
          /**
           * the target's id, as `vllm/Qwen/Qwen3-8B`
           */
          target: string;
          action: "enable";
        };
    answer: {
      done: true;
    };
  };
  /**
   * The model files here
   */
  "GET /admin/v1/library": {
    answer: {
      files: {
        /**
         * which file, as the list calls it: `library:NAME`, or `served:MODEL:TARGET`
         */
        ref: string;
        name: string;
        /**
         * whether it was pulled or made; others are named by weir.yaml
         */
        inLibrary: boolean;
        /**
         * what `file:` in weir.yaml wants
         */
        path: string;
        bytes: number;
        parts: number;
        source: string | null;
        /**
         * what it was made from, where that was done here
         */
        original: string | null;
        license: string | null;
        addedAt: number | null;
        /**
         * models of weir.yaml
         */
        usedBy: string[];
        /**
         * null: it cannot be read
         */
        facts: {
          architecture: string;
          /**
           * its quantization
           */
          type: string;
          quantized: boolean;
          parameters: number;
          contextTokens: number | null;
          layers: number | null;
        } | null;
        problem: string | null;
      }[];
      /**
       * what cleaning would free
       */
      unusedBytes: number;
      /**
       * what can be quantized to, the smallest first
       */
      types: string[];
      /**
       * the text to measure by where none is given
       */
      sample: {
        name: string;
        characters: number;
      };
    };
  };
  /**
   * What is in a model file
   */
  "GET /admin/v1/library/file": {
    query: {
      /**
       * which file, as the list calls it: `library:NAME`, or `served:MODEL:TARGET`
       */
      ref: string;
    };
    answer: {
      file: {
        /**
         * which file, as the list calls it: `library:NAME`, or `served:MODEL:TARGET`
         */
        ref: string;
        name: string;
        /**
         * whether it was pulled or made; others are named by weir.yaml
         */
        inLibrary: boolean;
        /**
         * what `file:` in weir.yaml wants
         */
        path: string;
        bytes: number;
        parts: number;
        source: string | null;
        /**
         * what it was made from, where that was done here
         */
        original: string | null;
        license: string | null;
        addedAt: number | null;
        /**
         * models of weir.yaml
         */
        usedBy: string[];
        /**
         * null: it cannot be read
         */
        facts: {
          architecture: string;
          /**
           * its quantization
           */
          type: string;
          quantized: boolean;
          parameters: number;
          contextTokens: number | null;
          layers: number | null;
        } | null;
        problem: string | null;
      };
      name: string | null;
      layers: number | null;
      heads: number | null;
      kvHeads: number | null;
      embeddingLength: number | null;
      feedForwardLength: number | null;
      experts: number | null;
      vocabularySize: number | null;
      tokenizer: string | null;
      preTokenizer: string | null;
      chatTemplate: string | null;
      /**
       * what speaks against loading it
       */
      suspicious: string[];
      types: {
        type: string;
        tensors: number;
        parameters: number;
        bytes: number;
      }[];
      tensors: {
        name: string;
        type: string;
        dimensions: number[];
        bytes: number;
      }[];
      metadata: {
        key: string;
        type: string;
        /**
         * long ones are cut
         */
        value: string;
        /**
         * of a list's values
         */
        count: number | null;
      }[];
      /**
       * what it would take in each type
       */
      sizes: {
        type: string;
        bytes: number;
      }[];
    };
  };
  /**
   * Take a model out of the library
   */
  "DELETE /admin/v1/library/file": {
    query: {
      /**
       * which file, as the list calls it: `library:NAME`, or `served:MODEL:TARGET`
       */
      ref: string;
    };
    answer: unknown;
  };
  /**
   * Delete what no model has
   */
  "POST /admin/v1/library/clean": {
    answer: {
      freedBytes: number;
    };
  };
  /**
   * What was measured
   */
  "GET /admin/v1/library/measurements": {
    answer: {
      /**
       * the newest first
       */
      measurements: {
        id: string;
        kind: "compare" | "optimize";
        at: number;
        by: string;
        original: string;
        originalBytes: number;
        text: {
          name: string;
          characters: number;
        };
        windowTokens: number;
        threads: number;
        /**
         * in the order in which they were measured
         */
        rows: {
          name: string;
          type: string;
          bytes: number;
          /**
           * of a process of its own with a prompt of 128 tokens
           */
          peakBytes: number;
          firstTokenMs: number;
          tokensPerSecond: number;
          /**
           * that were predicted
           */
          tokens: number;
          perplexity: number;
          perplexityError: number;
          /**
           * from the original, in nats a token
           */
          divergence: number;
          divergenceError: number;
          /**
           * how often both find the same token likeliest, 0 to 1
           */
          sameTop: number;
        }[];
        /**
         * of a search
         */
        bounds: {
          memoryBytes: number | null;
          divergence: number;
        } | null;
        /**
         * by a search that found one
         */
        chosen: {
          name: string;
          type: string;
          /**
           * Markdown
           */
          card: string;
        } | null;
      }[];
    };
  };
  /**
   * Forget a measurement
   */
  "DELETE /admin/v1/library/measurements/{id}": {
    path: {
      id: string;
    };
    answer: unknown;
  };
  /**
   * Pulls and other long work
   */
  "GET /admin/v1/library/jobs": {
    answer: {
      /**
       * the newest first
       */
      jobs: {
        id: string;
        kind: "pull" | "quantize" | "compare" | "optimize";
        title: string;
        by: string;
        state: "waiting" | "running" | "done" | "failed" | "canceled";
        step: string | null;
        done: number;
        /**
         * 0 while nobody knows
         */
        all: number;
        unit: "bytes" | "files";
        askedAt: number;
        startedAt: number | null;
        endedAt: number | null;
        error: {
          code: string;
          message: string;
        } | null;
        result: {
          /**
           * the model that stands in the library now
           */
          name?: string;
          /**
           * the id of what was measured
           */
          measurement?: string;
        } | null;
      }[];
    };
  };
  /**
   * How far one is
   */
  "GET /admin/v1/library/jobs/{id}": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      kind: "pull" | "quantize" | "compare" | "optimize";
      title: string;
      by: string;
      state: "waiting" | "running" | "done" | "failed" | "canceled";
      step: string | null;
      done: number;
      /**
       * 0 while nobody knows
       */
      all: number;
      unit: "bytes" | "files";
      askedAt: number;
      startedAt: number | null;
      endedAt: number | null;
      error: {
        code: string;
        message: string;
      } | null;
      result: {
        /**
         * the model that stands in the library now
         */
        name?: string;
        /**
         * the id of what was measured
         */
        measurement?: string;
      } | null;
    };
  };
  /**
   * End one; nothing half done stays
   */
  "POST /admin/v1/library/jobs/{id}/cancel": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      kind: "pull" | "quantize" | "compare" | "optimize";
      title: string;
      by: string;
      state: "waiting" | "running" | "done" | "failed" | "canceled";
      step: string | null;
      done: number;
      /**
       * 0 while nobody knows
       */
      all: number;
      unit: "bytes" | "files";
      askedAt: number;
      startedAt: number | null;
      endedAt: number | null;
      error: {
        code: string;
        message: string;
      } | null;
      result: {
        /**
         * the model that stands in the library now
         */
        name?: string;
        /**
         * the id of what was measured
         */
        measurement?: string;
      } | null;
    };
  };
  /**
   * Fetch a model from the hub or an address
   */
  "POST /admin/v1/library/pull": {
    body: {
      /**
       * `hf:ORG/REPO`, `hf:ORG/REPO:TYPE`, or an address
       */
      source: string;
      /**
       * what it is called in the library
       */
      name?: string;
      /**
       * a branch, tag or commit
       */
      revision?: string;
    };
    answer: unknown;
  };
  /**
   * Write a model in fewer bits
   */
  "POST /admin/v1/library/quantize": {
    body: {
      /**
       * which file, as the list calls it: `library:NAME`, or `served:MODEL:TARGET`
       */
      ref: string;
      /**
       * one of Q2_K, Q3_K_S, Q3_K_M, Q3_K_L, Q4_0, Q4_1, Q4_K_S, Q4_K_M, Q5_0, Q5_1, Q5_K_S, Q5_K_M, Q6_K, Q8_0, F16, BF16, F32
       */
      type: string;
      /**
       * what it is called in the library
       */
      name?: string;
      /**
       * tensors that stay as they are, `*` for any letters
       *
       * @maxItems 50
       */
      keep?: string[];
      /**
       * also what is quantized already
       */
      again?: boolean;
    };
    answer: unknown;
  };
  /**
   * Measure what models cost and lose
   */
  "POST /admin/v1/library/compare": {
    body: {
      /**
       * which file, as the list calls it: `library:NAME`, or `served:MODEL:TARGET`
       */
      original: string;
      /**
       * what was made from it; none: it alone is measured
       *
       * @maxItems 20
       *
       * Items: which file, as the list calls it: `library:NAME`, or `served:MODEL:TARGET`
       */
      files: string[];
      /**
       * what the models are to predict; absent: the sample
       */
      text?: string;
      /**
       * read at a time
       */
      windowTokens?: number;
    };
    answer: unknown;
  };
  /**
   * Find the smallest type that loses no more than it may
   */
  "POST /admin/v1/library/optimize": {
    body: {
      /**
       * which file, as the list calls it: `library:NAME`, or `served:MODEL:TARGET`
       */
      original: string;
      /**
       * the most; null: any
       */
      memoryBytes?: number | null;
      /**
       * the most, in nats a token
       */
      divergence?: number;
      /**
       * what it is called in the library
       */
      name?: string;
      /**
       * what the models are to predict; absent: the sample
       */
      text?: string;
      /**
       * read at a time
       */
      windowTokens?: number;
    };
    answer: unknown;
  };
  /**
   * Releases and how they stand
   */
  "GET /admin/v1/releases": {
    answer: {
      releases: {
        model: string;
        id: string;
        stable: string;
        candidate: string;
        phase: "running" | "promoted" | "rolled-back" | "inconclusive";
        isPaused: boolean;
        /**
         * the place in `stages`
         */
        stage: number;
        stages: {
          name: string;
          share: number;
        }[];
        /**
         * of the units that the candidate gets now
         */
        share: number;
        /**
         * of the last turn
         */
        why: string;
        /**
         * what it waits for
         */
        notes: string[];
        begunAt: number;
        changedAt: number;
        /**
         * when a unit was last judged
         */
        heardAt: number | null;
        elapsedMs: number;
        /**
         * units of the candidate's that users saw
         */
        exposed: number;
        maxExposed: number;
        maxDurationMs: number;
        /**
         * copies that nobody saw
         */
        pairs: number;
        /**
         * units of stable's that it is compared with
         */
        controls: number;
        /**
         * the e-value against the candidate, all marks together
         */
        against: number;
        /**
         * at which it is rolled back: 1 / falseRollback
         */
        bound: number;
        /**
         * what each mark's e-value must reach to pass a step: 1 / risk
         */
        passAt: number;
        falseRollback: number;
        missWorseThan: number;
      }[];
    };
  };
  /**
   * One release: its evidence by mark, its curve and its turns
   */
  "GET /admin/v1/releases/detail": {
    query: {
      /**
       * as weir.yaml calls it
       */
      model: string;
    };
    answer: {
      model: string;
      id: string;
      stable: string;
      candidate: string;
      phase: "running" | "promoted" | "rolled-back" | "inconclusive";
      isPaused: boolean;
      /**
       * the place in `stages`
       */
      stage: number;
      stages: {
        name: string;
        share: number;
      }[];
      /**
       * of the units that the candidate gets now
       */
      share: number;
      /**
       * of the last turn
       */
      why: string;
      /**
       * what it waits for
       */
      notes: string[];
      begunAt: number;
      changedAt: number;
      /**
       * when a unit was last judged
       */
      heardAt: number | null;
      elapsedMs: number;
      /**
       * units of the candidate's that users saw
       */
      exposed: number;
      maxExposed: number;
      maxDurationMs: number;
      /**
       * copies that nobody saw
       */
      pairs: number;
      /**
       * units of stable's that it is compared with
       */
      controls: number;
      /**
       * the e-value against the candidate, all marks together
       */
      against: number;
      /**
       * at which it is rolled back: 1 / falseRollback
       */
      bound: number;
      /**
       * what each mark's e-value must reach to pass a step: 1 / risk
       */
      passAt: number;
      falseRollback: number;
      missWorseThan: number;
      marks: {
        name: string;
        /**
         * what it says of a unit that has it
         */
        meaning: string;
        /**
         * its share of the bound
         */
        weight: number;
        tolerance: number;
        /**
         * its e-value against the candidate
         */
        against: number;
        /**
         * by step: its e-value that the candidate is not too bad
         */
        passes: number[];
        isAwaited: boolean;
        stable: {
          marked: number;
          units: number;
        };
        candidate: {
          marked: number;
          units: number;
        };
      }[];
      curve: {
        at: number;
        exposed: number;
        against: number;
        stage: number;
      }[];
      turns: {
        at: number;
        phase: string;
        stage: number;
        why: string;
      }[];
    };
  };
  /**
   * Every bet and every turn, as lines of JSON
   */
  "GET /admin/v1/releases/journal": {
    query: {
      /**
       * as weir.yaml calls it
       */
      model: string;
    };
    answer: unknown;
  };
  /**
   * Pause, resume, promote, abort or begin anew
   */
  "POST /admin/v1/releases/actions": {
    body: {
      /**
       * as weir.yaml calls it
       */
      model: string;
      /**
       * restart: anew, with nothing known
       */
      action: "pause" | "resume" | "promote" | "abort" | "restart";
    };
    answer: {
      model: string;
      id: string;
      stable: string;
      candidate: string;
      phase: "running" | "promoted" | "rolled-back" | "inconclusive";
      isPaused: boolean;
      /**
       * the place in `stages`
       */
      stage: number;
      stages: {
        name: string;
        share: number;
      }[];
      /**
       * of the units that the candidate gets now
       */
      share: number;
      /**
       * of the last turn
       */
      why: string;
      /**
       * what it waits for
       */
      notes: string[];
      begunAt: number;
      changedAt: number;
      /**
       * when a unit was last judged
       */
      heardAt: number | null;
      elapsedMs: number;
      /**
       * units of the candidate's that users saw
       */
      exposed: number;
      maxExposed: number;
      maxDurationMs: number;
      /**
       * copies that nobody saw
       */
      pairs: number;
      /**
       * units of stable's that it is compared with
       */
      controls: number;
      /**
       * the e-value against the candidate, all marks together
       */
      against: number;
      /**
       * at which it is rolled back: 1 / falseRollback
       */
      bound: number;
      /**
       * what each mark's e-value must reach to pass a step: 1 / risk
       */
      passAt: number;
      falseRollback: number;
      missWorseThan: number;
      marks: {
        name: string;
        /**
         * what it says of a unit that has it
         */
        meaning: string;
        /**
         * its share of the bound
         */
        weight: number;
        tolerance: number;
        /**
         * its e-value against the candidate
         */
        against: number;
        /**
         * by step: its e-value that the candidate is not too bad
         */
        passes: number[];
        isAwaited: boolean;
        stable: {
          marked: number;
          units: number;
        };
        candidate: {
          marked: number;
          units: number;
        };
      }[];
      curve: {
        at: number;
        exposed: number;
        against: number;
        stage: number;
      }[];
      turns: {
        at: number;
        phase: string;
        stage: number;
        why: string;
      }[];
    };
  };
  /**
   * What the recorded traffic would have come to by other rules
   */
  "POST /admin/v1/releases/rejudge": {
    body: {
      /**
       * as weir.yaml calls it
       */
      model: string;
      /**
       * 0.1: a tenth worse
       */
      tolerate?: {
        errors?: number;
        schema?: number;
        refusals?: number;
        guard?: number;
        aborts?: number;
        ttft?: number;
        itl?: number;
        length?: number;
        cost?: number;
        judge?: number;
      };
      falseRollback?: number;
      missWorseThan?: number;
      risk?: number;
    };
    answer: {
      phase: string;
      stage: number;
      why: string;
      endedAt: number | null;
      exposed: number;
      against: number;
    };
  };
  /**
   * Calls that a judge is to score
   */
  "GET /admin/v1/releases/to-judge": {
    query: {
      /**
       * as weir.yaml calls it
       */
      model: string;
    };
    answer: {
      /**
       * ids of calls, as many of each side
       */
      calls: string[];
    };
  };
  /**
   * What a judge thinks of a call
   */
  "POST /admin/v1/releases/scores": {
    body: {
      /**
       * as weir.yaml calls it
       */
      model: string;
      /**
       * its id
       */
      call: string;
      /**
       * the higher the better
       */
      score: number;
    };
    answer: {
      ok: true;
    };
  };
  /**
   * The API keys
   */
  "GET /admin/v1/keys": {
    answer: {
      keys: {
        id: string;
        name: string;
        /**
         * the first characters, to tell keys apart
         */
        prefix: string;
        scopes: ("viewer" | "operator" | "admin" | "inference" | "traces")[];
        /**
         * the tenant's id
         */
        tenant: string;
        /**
         * disabled: its tenant is
         */
        state: "active" | "expired" | "revoked" | "disabled";
        createdAt: number;
        lastUsedAt: number | null;
        expiresAt: number | null;
        /**
         * until when the secret before the last rotation is good as well
         */
        previousUntil: number | null;
        models: string[] | null;
        limits: {
          requestsPerMinute?: number;
          requestsPerDay?: number;
          tokensPerMinute?: number;
          tokensPerDay?: number;
          tokensPerMonth?: number;
          /**
           * calls at the same time
           */
          concurrency?: number;
          /**
           * nano-dollars
           */
          costPerMinute?: number;
          /**
           * nano-dollars
           */
          costPerDay?: number;
          /**
           * nano-dollars
           */
          costPerMonth?: number;
        };
        priority: ("high" | "normal" | "low") | null;
        note: string | null;
        metadata: {
          [k: string]: string;
        };
        revoked: boolean;
        /**
         * set by WEIR_ADMIN_KEY: only to be changed there
         */
        fixed: boolean;
      }[];
    };
  };
  /**
   * Make a key
   */
  "POST /admin/v1/keys": {
    body: {
      name: string;
      /**
       * @minItems 1
       */
      scopes?: ("viewer" | "operator" | "admin" | "inference" | "traces")[];
      tenant?: string;
      /**
       * epoch milliseconds; null: never
       */
      expiresAt?: number | null;
      /**
       * the models that may be asked for, `*` at the end of a name for any rest; null: all
       */
      models?: string[] | null;
      limits?: {
        requestsPerMinute?: number;
        requestsPerDay?: number;
        tokensPerMinute?: number;
        tokensPerDay?: number;
        tokensPerMonth?: number;
        concurrency?: number;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerMinute?: number | string;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerDay?: number | string;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerMonth?: number | string;
      };
      /**
       * the highest that its calls may ask for
       */
      priority?: ("high" | "normal" | "low") | null;
      note?: string | null;
      metadata?: {
        [k: string]: string;
      };
    };
    answer: {
      id: string;
      name: string;
      /**
       * the first characters, to tell keys apart
       */
      prefix: string;
      scopes: ("viewer" | "operator" | "admin" | "inference" | "traces")[];
      /**
       * the tenant's id
       */
      tenant: string;
      /**
       * disabled: its tenant is
       */
      state: "active" | "expired" | "revoked" | "disabled";
      createdAt: number;
      lastUsedAt: number | null;
      expiresAt: number | null;
      /**
       * until when the secret before the last rotation is good as well
       */
      previousUntil: number | null;
      models: string[] | null;
      limits: {
        requestsPerMinute?: number;
        requestsPerDay?: number;
        tokensPerMinute?: number;
        tokensPerDay?: number;
        tokensPerMonth?: number;
        /**
         * calls at the same time
         */
        concurrency?: number;
        /**
         * nano-dollars
         */
        costPerMinute?: number;
        /**
         * nano-dollars
         */
        costPerDay?: number;
        /**
         * nano-dollars
         */
        costPerMonth?: number;
      };
      priority: ("high" | "normal" | "low") | null;
      note: string | null;
      metadata: {
        [k: string]: string;
      };
      revoked: boolean;
      /**
       * set by WEIR_ADMIN_KEY: only to be changed there
       */
      fixed: boolean;
      /**
       * shown once, kept as a hash
       */
      key: string;
    };
  };
  /**
   * Change a key
   */
  "PATCH /admin/v1/keys/{id}": {
    path: {
      id: string;
    };
    body: {
      name?: string;
      /**
       * @minItems 1
       */
      scopes?: ("viewer" | "operator" | "admin" | "inference" | "traces")[];
      tenant?: string;
      /**
       * epoch milliseconds; null: never
       */
      expiresAt?: number | null;
      /**
       * the models that may be asked for, `*` at the end of a name for any rest; null: all
       */
      models?: string[] | null;
      limits?: {
        requestsPerMinute?: number;
        requestsPerDay?: number;
        tokensPerMinute?: number;
        tokensPerDay?: number;
        tokensPerMonth?: number;
        concurrency?: number;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerMinute?: number | string;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerDay?: number | string;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerMonth?: number | string;
      };
      /**
       * the highest that its calls may ask for
       */
      priority?: ("high" | "normal" | "low") | null;
      note?: string | null;
      metadata?: {
        [k: string]: string;
      };
    };
    answer: {
      id: string;
      name: string;
      /**
       * the first characters, to tell keys apart
       */
      prefix: string;
      scopes: ("viewer" | "operator" | "admin" | "inference" | "traces")[];
      /**
       * the tenant's id
       */
      tenant: string;
      /**
       * disabled: its tenant is
       */
      state: "active" | "expired" | "revoked" | "disabled";
      createdAt: number;
      lastUsedAt: number | null;
      expiresAt: number | null;
      /**
       * until when the secret before the last rotation is good as well
       */
      previousUntil: number | null;
      models: string[] | null;
      limits: {
        requestsPerMinute?: number;
        requestsPerDay?: number;
        tokensPerMinute?: number;
        tokensPerDay?: number;
        tokensPerMonth?: number;
        /**
         * calls at the same time
         */
        concurrency?: number;
        /**
         * nano-dollars
         */
        costPerMinute?: number;
        /**
         * nano-dollars
         */
        costPerDay?: number;
        /**
         * nano-dollars
         */
        costPerMonth?: number;
      };
      priority: ("high" | "normal" | "low") | null;
      note: string | null;
      metadata: {
        [k: string]: string;
      };
      revoked: boolean;
      /**
       * set by WEIR_ADMIN_KEY: only to be changed there
       */
      fixed: boolean;
    };
  };
  /**
   * Revoke a key
   */
  "DELETE /admin/v1/keys/{id}": {
    path: {
      id: string;
    };
    answer: unknown;
  };
  /**
   * Give a key a new secret; the old one stays good for a while
   */
  "POST /admin/v1/keys/{id}/rotate": {
    path: {
      id: string;
    };
    body: {
      /**
       * how long the old secret stays good; 0: it ends at once
       */
      graceSeconds?: number;
    } | null;
    answer: {
      id: string;
      name: string;
      /**
       * the first characters, to tell keys apart
       */
      prefix: string;
      scopes: ("viewer" | "operator" | "admin" | "inference" | "traces")[];
      /**
       * the tenant's id
       */
      tenant: string;
      /**
       * disabled: its tenant is
       */
      state: "active" | "expired" | "revoked" | "disabled";
      createdAt: number;
      lastUsedAt: number | null;
      expiresAt: number | null;
      /**
       * until when the secret before the last rotation is good as well
       */
      previousUntil: number | null;
      models: string[] | null;
      limits: {
        requestsPerMinute?: number;
        requestsPerDay?: number;
        tokensPerMinute?: number;
        tokensPerDay?: number;
        tokensPerMonth?: number;
        /**
         * calls at the same time
         */
        concurrency?: number;
        /**
         * nano-dollars
         */
        costPerMinute?: number;
        /**
         * nano-dollars
         */
        costPerDay?: number;
        /**
         * nano-dollars
         */
        costPerMonth?: number;
      };
      priority: ("high" | "normal" | "low") | null;
      note: string | null;
      metadata: {
        [k: string]: string;
      };
      revoked: boolean;
      /**
       * set by WEIR_ADMIN_KEY: only to be changed there
       */
      fixed: boolean;
      /**
       * shown once, kept as a hash
       */
      key: string;
    };
  };
  /**
   * The tenants
   */
  "GET /admin/v1/tenants": {
    answer: {
      tenants: {
        id: string;
        name: string;
        limits: {
          requestsPerMinute?: number;
          requestsPerDay?: number;
          tokensPerMinute?: number;
          tokensPerDay?: number;
          tokensPerMonth?: number;
          /**
           * calls at the same time
           */
          concurrency?: number;
          /**
           * nano-dollars
           */
          costPerMinute?: number;
          /**
           * nano-dollars
           */
          costPerDay?: number;
          /**
           * nano-dollars
           */
          costPerMonth?: number;
        };
        models: string[] | null;
        createdAt: number;
        disabled: boolean;
        /**
         * how many of its keys are not revoked
         */
        keys: number;
      }[];
    };
  };
  /**
   * Make a tenant
   */
  "POST /admin/v1/tenants": {
    body: {
      id: string;
      /**
       * absent: the id
       */
      name?: string;
      limits?: {
        requestsPerMinute?: number;
        requestsPerDay?: number;
        tokensPerMinute?: number;
        tokensPerDay?: number;
        tokensPerMonth?: number;
        concurrency?: number;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerMinute?: number | string;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerDay?: number | string;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerMonth?: number | string;
      };
      /**
       * the models that may be asked for, `*` at the end of a name for any rest; null: all
       */
      models?: string[] | null;
      disabled?: boolean;
    };
    answer: {
      id: string;
      name: string;
      limits: {
        requestsPerMinute?: number;
        requestsPerDay?: number;
        tokensPerMinute?: number;
        tokensPerDay?: number;
        tokensPerMonth?: number;
        /**
         * calls at the same time
         */
        concurrency?: number;
        /**
         * nano-dollars
         */
        costPerMinute?: number;
        /**
         * nano-dollars
         */
        costPerDay?: number;
        /**
         * nano-dollars
         */
        costPerMonth?: number;
      };
      models: string[] | null;
      createdAt: number;
      disabled: boolean;
      /**
       * how many of its keys are not revoked
       */
      keys: number;
    };
  };
  /**
   * Change a tenant
   */
  "PATCH /admin/v1/tenants/{id}": {
    path: {
      id: string;
    };
    body: {
      name?: string;
      limits?: {
        requestsPerMinute?: number;
        requestsPerDay?: number;
        tokensPerMinute?: number;
        tokensPerDay?: number;
        tokensPerMonth?: number;
        concurrency?: number;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerMinute?: number | string;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerDay?: number | string;
        /**
         * nano-dollars, or an amount such as "20 USD"
         */
        costPerMonth?: number | string;
      };
      /**
       * the models that may be asked for, `*` at the end of a name for any rest; null: all
       */
      models?: string[] | null;
      disabled?: boolean;
    };
    answer: {
      id: string;
      name: string;
      limits: {
        requestsPerMinute?: number;
        requestsPerDay?: number;
        tokensPerMinute?: number;
        tokensPerDay?: number;
        tokensPerMonth?: number;
        /**
         * calls at the same time
         */
        concurrency?: number;
        /**
         * nano-dollars
         */
        costPerMinute?: number;
        /**
         * nano-dollars
         */
        costPerDay?: number;
        /**
         * nano-dollars
         */
        costPerMonth?: number;
      };
      models: string[] | null;
      createdAt: number;
      disabled: boolean;
      /**
       * how many of its keys are not revoked
       */
      keys: number;
    };
  };
  /**
   * Delete a tenant that has no key in use
   */
  "DELETE /admin/v1/tenants/{id}": {
    path: {
      id: string;
    };
    answer: unknown;
  };
  /**
   * Who signed in by way of the identity provider
   */
  "GET /admin/v1/users": {
    answer: {
      users: {
        id: string;
        email: string | null;
        name: string | null;
        subject: string;
        issuer: string;
        /**
         * as of the last sign-in
         */
        role: "viewer" | "operator" | "admin";
        createdAt: number;
        lastSignInAt: number;
      }[];
    };
  };
  /**
   * Sign in with a key that has a role on the dashboard
   */
  "POST /admin/v1/session": {
    body: {
      key: string;
    };
    answer: unknown;
  };
  /**
   * Who is signed in
   */
  "GET /admin/v1/session": {
    answer: {
      /**
       * the key's name, or the user's e-mail
       */
      key: string;
      scopes: string[];
      role: "viewer" | "operator" | "admin";
      user: {
        email: string | null;
        name: string | null;
      } | null;
      version: string;
    };
  };
  /**
   * Sign out
   */
  "DELETE /admin/v1/session": {
    answer: unknown;
  };
  /**
   * How one may sign in
   */
  "GET /auth/options": {
    answer: {
      oidc: {
        label: string;
        url: string;
      } | null;
    };
  };
  /**
   * Sign out, and learn where to sign out at the identity provider
   */
  "POST /auth/logout": {
    answer: {
      url: string | null;
    };
  };
  /**
   * How much of each limit and budget is used
   */
  "GET /admin/v1/limits": {
    answer: {
      limits: {
        subject: {
          kind: "key" | "tenant" | "user" | "model" | "endpoint" | "rule" | "address";
          /**
           * of a user: its tenant and its name; of a rule: what its counter is of
           */
          id: string;
          /**
           * a key's name, a rule's name; else the id
           */
          name: string;
        };
        /**
         * as weir.yaml has it: costPerDay, requestsPerMinute …
         */
        limit: string;
        /**
         * cost is in nano-dollars
         */
        unit: "requests" | "tokens" | "cost" | "calls";
        window: "minute" | "day" | "month" | "open";
        used: number;
        /**
         * promised to calls that run now
         */
        reserved: number;
        /**
         * null where the limit was taken away meanwhile
         */
        most: number | null;
        /**
         * when the window ends; null for calls at the same time
         */
        resetAt: number | null;
      }[];
      /**
       * whether replicas share these counters in Redis, and whether it answers
       */
      shared: "no" | "yes" | "away";
    };
  };
  /**
   * What keys and tenants have used today and this month
   */
  "GET /admin/v1/spend": {
    answer: {
      dayFrom: number;
      monthFrom: number;
      keys: {
        dayCalls: number;
        dayTokens: number;
        dayNanos: number;
        monthCalls: number;
        monthTokens: number;
        monthNanos: number;
        id: string;
      }[];
      tenants: {
        dayCalls: number;
        dayTokens: number;
        dayNanos: number;
        monthCalls: number;
        monthTokens: number;
        monthNanos: number;
        id: string;
      }[];
    };
  };
  /**
   * Figures of a window
   */
  "GET /admin/v1/overview": {
    query?: {
      window?: "15m" | "1h" | "6h" | "24h" | "7d" | "30d";
    };
    answer: {
      window: "15m" | "1h" | "6h" | "24h" | "7d" | "30d";
      from: number;
      to: number;
      bucketMs: number;
      totals: {
        calls: number;
        errors: number;
        blocked: number;
        guardHits: number;
        inputTokens: number;
        outputTokens: number;
        costNanos: number;
        ttftMs: {
          p50: number | null;
          p95: number | null;
          p99: number | null;
        };
        durationMs: {
          p50: number | null;
          p95: number | null;
          p99: number | null;
        };
        canceled: number;
      };
      series: {
        at: number;
        calls: number;
        errors: number;
        blocked: number;
        guardHits: number;
        inputTokens: number;
        outputTokens: number;
        costNanos: number;
        ttftMs: {
          p50: number | null;
          p95: number | null;
          p99: number | null;
        };
        durationMs: {
          p50: number | null;
          p95: number | null;
          p99: number | null;
        };
      }[];
      models: {
        model: string;
        calls: number;
        errors: number;
        inputTokens: number;
        outputTokens: number;
        costNanos: number;
        durationMs: {
          p50: number | null;
          p95: number | null;
          p99: number | null;
        };
      }[];
      live: {
        activeCalls: number;
        /**
         * over the last 10 s
         */
        callsPerSecond: number;
        /**
         * over the last 10 s
         */
        outputTokensPerSecond: number;
        uptimeMs: number;
        rssBytes: number;
        /**
         * since the start; 0 unless the store fell behind
         */
        droppedTraces: number;
      };
    };
  };
  /**
   * Calls, newest first
   */
  "GET /admin/v1/calls": {
    query?: {
      cursor?: string;
      limit?: number;
      status?: "ok" | "error" | "blocked" | "canceled";
      model?: string;
      key?: string;
      user?: string;
      /**
       * words in the prompt or the answer; with `*` after the last one, its beginning
       */
      search?: string;
      from?: number;
      to?: number;
      minDurationMs?: number;
      /**
       * only calls with a finding
       */
      guarded?: string;
    };
    answer: {
      calls: {
        /**
         * the trace id, 32 hex digits
         */
        id: string;
        at: number;
        /**
         * the endpoint, as `/v1/chat/completions`
         */
        route: string;
        /**
         * the name that the client asked for
         */
        model: string;
        /**
         * the target that answered, as `llama/demo`
         */
        target: string | null;
        /**
         * the name of the API key
         */
        key: string | null;
        tenantId: string;
        /**
         * how the answer cache took part; joined: it waited for an identical call
         */
        cache: ("hit" | "joined" | "similar" | "miss") | null;
        user: string | null;
        stream: boolean;
        status: "ok" | "error" | "blocked" | "canceled";
        httpStatus: number;
        errorCode: string | null;
        finishReason: string | null;
        inputTokens: number;
        outputTokens: number;
        cachedTokens: number;
        /**
         * null when the target has no known price
         */
        costNanos: number | null;
        durationMs: number;
        /**
         * to the first content
         */
        ttftMs: number | null;
        attempts: number;
        findings: {
          /**
           * what saw it, as `secrets.openai_key` or `injection.override`
           */
          detector: string;
          /**
           * scan_failed: it did not look
           */
          action: "flag" | "redact" | "block" | "hold" | "scan_failed";
          origin: "developer" | "user" | "document" | "tool" | "history" | "assistant";
          /**
           * 0 to 1
           */
          confidence: number;
          /**
           * the share of innocent texts, 0 to 1, that look at least as much like it
           */
          falsePositiveRate?: number;
          /**
           * what an attack said when it was decoded, and how it was hidden
           */
          evidence?: {
            text: string;
            steps: string[];
          };
        }[];
        /**
         * the start of the last user message, after redaction
         */
        preview: string | null;
      }[];
      /**
       * hand it back as `cursor` for the next page
       */
      next: string | null;
    };
  };
  /**
   * One call with its spans
   */
  "GET /admin/v1/calls/{id}": {
    path: {
      id: string;
    };
    answer: {
      /**
       * the trace id, 32 hex digits
       */
      id: string;
      at: number;
      /**
       * the endpoint, as `/v1/chat/completions`
       */
      route: string;
      /**
       * the name that the client asked for
       */
      model: string;
      /**
       * the target that answered, as `llama/demo`
       */
      target: string | null;
      /**
       * the name of the API key
       */
      key: string | null;
      tenantId: string;
      /**
       * how the answer cache took part; joined: it waited for an identical call
       */
      cache: ("hit" | "joined" | "similar" | "miss") | null;
      user: string | null;
      stream: boolean;
      status: "ok" | "error" | "blocked" | "canceled";
      httpStatus: number;
      errorCode: string | null;
      finishReason: string | null;
      inputTokens: number;
      outputTokens: number;
      cachedTokens: number;
      /**
       * null when the target has no known price
       */
      costNanos: number | null;
      durationMs: number;
      /**
       * to the first content
       */
      ttftMs: number | null;
      attempts: number;
      findings: {
        /**
         * what saw it, as `secrets.openai_key` or `injection.override`
         */
        detector: string;
        /**
         * scan_failed: it did not look
         */
        action: "flag" | "redact" | "block" | "hold" | "scan_failed";
        origin: "developer" | "user" | "document" | "tool" | "history" | "assistant";
        /**
         * 0 to 1
         */
        confidence: number;
        /**
         * the share of innocent texts, 0 to 1, that look at least as much like it
         */
        falsePositiveRate?: number;
        /**
         * what an attack said when it was decoded, and how it was hidden
         */
        evidence?: {
          text: string;
          steps: string[];
        };
      }[];
      /**
       * the start of the last user message, after redaction
       */
      preview: string | null;
      spans: {
        id: string;
        parent: string | null;
        kind: "call" | "auth" | "admit" | "guard" | "cache" | "route" | "attempt" | "settle";
        name: string;
        /**
         * after the call's start
         */
        startMs: number;
        durationMs: number;
        status: "ok" | "error" | "canceled";
        attributes: {
          [k: string]: string | number | boolean | null;
        };
      }[];
      /**
       * the canonical request, as the capture policy kept it; else null
       */
      request: {
        [k: string]: unknown;
      };
      /**
       * the answer's text, as the capture policy kept it
       */
      output: string | null;
      capture: "full" | "redacted" | "metadata" | "none";
      errorMessage: string | null;
    };
  };
  /**
   * Runs, newest first
   */
  "GET /admin/v1/runs": {
    query?: {
      tenant?: string;
      /**
       * a project's id
       */
      project?: string;
      /**
       * only the first runs of traces
       */
      root?: string;
      source?: "call" | "langsmith" | "otlp";
      status?: "pending" | "success" | "error" | "blocked" | "canceled";
      type?: string;
      name?: string;
      /**
       * of roots: of any run of the trace
       */
      model?: string;
      target?: string;
      route?: string;
      /**
       * a key's name
       */
      key?: string;
      user?: string;
      thread?: string;
      prompt?: string;
      tag?: string;
      /**
       * words in the previews; with `*` after the last one, its beginning
       */
      search?: string;
      from?: number;
      to?: number;
      minDurationMs?: number;
      guarded?: string;
      /**
       * LangSmith's filter language, as `and(gt(latency, 5), has(tags, "prod"))`
       */
      filter?: string;
      cursor?: string;
      limit?: number;
      /**
       * false: without previews and messages of errors; such a look is not noted
       */
      texts?: string;
    };
    answer: {
      runs: {
        /**
         * with cached, cache-write, image and audio ones
         */
        inputTokens: number;
        /**
         * with reasoning
         */
        outputTokens: number;
        cachedTokens: number;
        cacheWriteTokens: number;
        reasoningTokens: number;
        imageTokens: number;
        audioTokens: number;
        id: string;
        traceId: string;
        parentId: string | null;
        tenantId: string;
        projectId: string;
        source: "call" | "langsmith" | "otlp";
        name: string;
        /**
         * `llm`, `chain`, `tool`, `retriever`, `embedding`, …
         */
        type: string;
        status: "pending" | "success" | "error" | "blocked" | "canceled";
        at: number;
        durationMs: number | null;
        ttftMs: number | null;
        model: string | null;
        provider: string | null;
        target: string | null;
        route: string | null;
        keyId: string | null;
        keyName: string | null;
        userId: string | null;
        threadId: string | null;
        promptVersion: string | null;
        tags: string[];
        metadata: {
          [k: string]: string | number | boolean;
        };
        costNanos: number | null;
        inputCostNanos: number | null;
        outputCostNanos: number | null;
        priceVersion: string | null;
        /**
         * the tokens are Weir's own estimate
         */
        isEstimated: boolean;
        errorCode: string | null;
        errorMessage: string | null;
        finishReason: string | null;
        isStream: boolean;
        inputPreview: string | null;
        outputPreview: string | null;
        capture: "metadata" | "redacted" | "full";
        /**
         * a call of Weir's counts its tokens and cost
         */
        isCovered: boolean;
        /**
         * of the guard
         */
        findings: number;
        /**
         * of the whole trace, for its root in lists
         */
        sum: {
          runs: number;
          errors: number;
          inputTokens: number;
          outputTokens: number;
          cachedTokens: number;
          reasoningTokens: number;
          costNanos: number | null;
          inputCostNanos: number | null;
          outputCostNanos: number | null;
          endAt: number | null;
        } | null;
        /**
         * on the run, in lists: how often each key was given, and its mean score
         */
        feedback?: {
          key: string;
          count: number;
          score: number | null;
        }[];
      }[];
      /**
       * hand it back as `cursor` for the next page
       */
      next: string | null;
    };
  };
  /**
   * The runs of a trace, by start
   */
  "GET /admin/v1/traces/{id}": {
    path: {
      id: string;
    };
    query?: {
      cursor?: string;
      limit?: number;
      /**
       * false: rows without previews and messages
       */
      texts?: string;
    };
    answer: {
      runs: {
        /**
         * with cached, cache-write, image and audio ones
         */
        inputTokens: number;
        /**
         * with reasoning
         */
        outputTokens: number;
        cachedTokens: number;
        cacheWriteTokens: number;
        reasoningTokens: number;
        imageTokens: number;
        audioTokens: number;
        id: string;
        traceId: string;
        parentId: string | null;
        tenantId: string;
        projectId: string;
        source: "call" | "langsmith" | "otlp";
        name: string;
        /**
         * `llm`, `chain`, `tool`, `retriever`, `embedding`, …
         */
        type: string;
        status: "pending" | "success" | "error" | "blocked" | "canceled";
        at: number;
        durationMs: number | null;
        ttftMs: number | null;
        model: string | null;
        provider: string | null;
        target: string | null;
        route: string | null;
        keyId: string | null;
        keyName: string | null;
        userId: string | null;
        threadId: string | null;
        promptVersion: string | null;
        tags: string[];
        metadata: {
          [k: string]: string | number | boolean;
        };
        costNanos: number | null;
        inputCostNanos: number | null;
        outputCostNanos: number | null;
        priceVersion: string | null;
        /**
         * the tokens are Weir's own estimate
         */
        isEstimated: boolean;
        errorCode: string | null;
        errorMessage: string | null;
        finishReason: string | null;
        isStream: boolean;
        inputPreview: string | null;
        outputPreview: string | null;
        capture: "metadata" | "redacted" | "full";
        /**
         * a call of Weir's counts its tokens and cost
         */
        isCovered: boolean;
        /**
         * of the guard
         */
        findings: number;
        /**
         * of the whole trace, for its root in lists
         */
        sum: {
          runs: number;
          errors: number;
          inputTokens: number;
          outputTokens: number;
          cachedTokens: number;
          reasoningTokens: number;
          costNanos: number | null;
          inputCostNanos: number | null;
          outputCostNanos: number | null;
          endAt: number | null;
        } | null;
        /**
         * on the run, in lists: how often each key was given, and its mean score
         */
        feedback?: {
          key: string;
          count: number;
          score: number | null;
        }[];
      }[];
      /**
       * hand it back as `cursor` for the next page
       */
      next: string | null;
    };
  };
  /**
   * Delete a trace
   */
  "DELETE /admin/v1/traces/{id}": {
    path: {
      id: string;
    };
    answer: {
      /**
       * runs
       */
      removed: number;
    };
  };
  /**
   * The tree of a trace: names, times and figures of its runs in columns, no texts
   */
  "GET /admin/v1/traces/{id}/tree": {
    path: {
      id: string;
    };
    query?: {
      cursor?: string;
      limit?: number;
    };
    answer: {
      /**
       * texts that occur again and again, each once
       */
      words: string[];
      columns: {
        id: string[];
        /**
         * its id's place in `words`; null: none
         */
        parent: (number | null)[];
        /**
         * Items: its place in `words`
         */
        name: number[];
        /**
         * Items: its place in `words`
         */
        type: number[];
        /**
         * Items: its place in `words`
         */
        status: number[];
        model: (number | null)[];
        at: number[];
        durationMs: (number | null)[];
        ttftMs: (number | null)[];
        costNanos: (number | null)[];
        inputTokens: number[];
        outputTokens: number[];
        /**
         * 1: a call of Weir's counts its tokens and cost
         */
        isCovered: number[];
      };
      /**
       * hand it back as `cursor` for the next page
       */
      next: string | null;
    };
  };
  /**
   * How often each value of projectId, source, type, status, name, model, target, keyName, userId, tags, errorCode occurs among the newest runs
   */
  "GET /admin/v1/run-facets": {
    query?: {
      tenant?: string;
      /**
       * a project's id
       */
      project?: string;
      /**
       * only the first runs of traces
       */
      root?: string;
      source?: "call" | "langsmith" | "otlp";
      status?: "pending" | "success" | "error" | "blocked" | "canceled";
      type?: string;
      name?: string;
      /**
       * of roots: of any run of the trace
       */
      model?: string;
      target?: string;
      route?: string;
      /**
       * a key's name
       */
      key?: string;
      user?: string;
      thread?: string;
      prompt?: string;
      tag?: string;
      /**
       * words in the previews; with `*` after the last one, its beginning
       */
      search?: string;
      from?: number;
      to?: number;
      minDurationMs?: number;
      guarded?: string;
      /**
       * LangSmith's filter language, as `and(gt(latency, 5), has(tags, "prod"))`
       */
      filter?: string;
    };
    answer: {
      facets: {
        [k: string]: {
          value: string;
          count: number;
        }[];
      };
    };
  };
  /**
   * Projects of traces, the latest first
   */
  "GET /admin/v1/projects": {
    answer: {
      projects: {
        id: string;
        tenantId: string;
        name: string;
        description: string | null;
        lastRunAt: number | null;
        referenceDatasetId: string | null;
      }[];
    };
  };
  /**
   * One run with its texts
   */
  "GET /admin/v1/runs/{id}": {
    path: {
      id: string;
    };
    answer: {
      run: {
        /**
         * with cached, cache-write, image and audio ones
         */
        inputTokens: number;
        /**
         * with reasoning
         */
        outputTokens: number;
        cachedTokens: number;
        cacheWriteTokens: number;
        reasoningTokens: number;
        imageTokens: number;
        audioTokens: number;
        id: string;
        traceId: string;
        parentId: string | null;
        tenantId: string;
        projectId: string;
        source: "call" | "langsmith" | "otlp";
        name: string;
        /**
         * `llm`, `chain`, `tool`, `retriever`, `embedding`, …
         */
        type: string;
        status: "pending" | "success" | "error" | "blocked" | "canceled";
        at: number;
        durationMs: number | null;
        ttftMs: number | null;
        model: string | null;
        provider: string | null;
        target: string | null;
        route: string | null;
        keyId: string | null;
        keyName: string | null;
        userId: string | null;
        threadId: string | null;
        promptVersion: string | null;
        tags: string[];
        metadata: {
          [k: string]: string | number | boolean;
        };
        costNanos: number | null;
        inputCostNanos: number | null;
        outputCostNanos: number | null;
        priceVersion: string | null;
        /**
         * the tokens are Weir's own estimate
         */
        isEstimated: boolean;
        errorCode: string | null;
        errorMessage: string | null;
        finishReason: string | null;
        isStream: boolean;
        inputPreview: string | null;
        outputPreview: string | null;
        capture: "metadata" | "redacted" | "full";
        /**
         * a call of Weir's counts its tokens and cost
         */
        isCovered: boolean;
        /**
         * of the guard
         */
        findings: number;
        /**
         * of the whole trace, for its root in lists
         */
        sum: {
          runs: number;
          errors: number;
          inputTokens: number;
          outputTokens: number;
          cachedTokens: number;
          reasoningTokens: number;
          costNanos: number | null;
          inputCostNanos: number | null;
          outputCostNanos: number | null;
          endAt: number | null;
        } | null;
        /**
         * on the run, in lists: how often each key was given, and its mean score
         */
        feedback?: {
          key: string;
          count: number;
          score: number | null;
        }[];
      };
      /**
       * inputs, outputs, events, error, extra, …
       */
      payload: {
        [k: string]: unknown;
      };
      /**
       * stages, guard checks and attempts of a call of Weir's
       */
      spans: {
        id: string;
        parent: string | null;
        kind: string;
        name: string;
        /**
         * after the run's start
         */
        startMs: number;
        durationMs: number;
        status: "ok" | "error" | "canceled";
        attributes: {
          [k: string]: string | number | boolean | null;
        };
      }[];
      findings: unknown[];
      feedback: {
        id: string;
        key: string;
        score: number | null;
        value: unknown;
        comment: string | null;
        createdAt: number;
      }[];
    };
  };
  /**
   * Give feedback on a run
   */
  "POST /admin/v1/runs/{id}/feedback": {
    path: {
      id: string;
    };
    body: {
      key: string;
      score?: number | null;
      value?: unknown;
      comment?: string | null;
    };
    answer: {
      id: string;
      key: string;
      score: number | null;
      value: unknown;
      comment: string | null;
      createdAt: number;
    };
  };
  /**
   * Counts, latencies, tokens and cost of finished runs, by up to two dimensions
   */
  "GET /admin/v1/figures": {
    query: {
      from: number;
      to: number;
      /**
       * a multiple of a minute
       */
      bucketMs?: number;
      /**
       * at most two of model, target, provider, route, key, user, tenant, project, tag, promptVersion, type, source, status, thread, name
       */
      by?: string;
      /**
       * so many of the busiest values; the rest of a bucket is one figure without values
       */
      top?: number;
      filter?: string;
      model?: string;
      target?: string;
      provider?: string;
      route?: string;
      key?: string;
      user?: string;
      tenant?: string;
      project?: string;
      tag?: string;
      promptVersion?: string;
      type?: string;
      source?: string;
      status?: string;
      thread?: string;
      name?: string;
    };
    answer: {
      figures: {
        /**
         * with cached, cache-write, image and audio ones
         */
        inputTokens: number;
        /**
         * with reasoning
         */
        outputTokens: number;
        cachedTokens: number;
        cacheWriteTokens: number;
        reasoningTokens: number;
        imageTokens: number;
        audioTokens: number;
        /**
         * the bucket's start
         */
        at: number;
        /**
         * in the order of `by`; an empty text where a run has none, no text for the rest beside `top`
         */
        values: string[];
        runs: number;
        errors: number;
        blocked: number;
        canceled: number;
        guarded: number;
        streamed: number;
        /**
         * runs that tell their tokens
         */
        counted: number;
        /**
         * runs with tokens and no known price
         */
        unpriced: number;
        costNanos: number;
        inputCostNanos: number;
        outputCostNanos: number;
        /**
         * of successful runs, right to 1 %
         */
        durationMs: {
          count: number;
          mean: number | null;
          p50: number | null;
          p90: number | null;
          p95: number | null;
          p99: number | null;
          max: number | null;
        };
        ttftMs: {
          count: number;
          mean: number | null;
          p50: number | null;
          p90: number | null;
          p95: number | null;
          p99: number | null;
          max: number | null;
        };
        /**
         * between two tokens of an answer
         */
        perTokenMs: {
          count: number;
          mean: number | null;
          p50: number | null;
          p90: number | null;
          p95: number | null;
          p99: number | null;
          max: number | null;
        };
        queueMs: {
          count: number;
          mean: number | null;
          p50: number | null;
          p90: number | null;
          p95: number | null;
          p99: number | null;
          max: number | null;
        };
      }[];
    };
  };
  /**
   * The time that calls of the last hour spent in this server, by stage
   */
  "GET /admin/v1/overhead": {
    answer: {
      /**
       * about an hour ago, or the server's start: calls before it are left out
       */
      from: number;
      stages: {
        /**
         * `route` has the wait for a target with room in it; `together` is all of a call's
         */
        stage: "auth" | "admit" | "guard" | "cache" | "route" | "settle" | "together";
        /**
         * milliseconds, right to 1 %
         */
        ms: {
          count: number;
          mean: number | null;
          p50: number | null;
          p90: number | null;
          p95: number | null;
          p99: number | null;
          max: number | null;
        };
      }[];
    };
  };
  /**
   * Saved views of the dashboard
   */
  "GET /admin/v1/views": {
    answer: {
      views: {
        name: string;
        page: "traces" | "performance" | "costs";
        /**
         * the page's address, field by field
         */
        query: {
          [k: string]: string;
        };
        id: string;
      }[];
    };
  };
  /**
   * Save a view of the dashboard; one of its name is replaced
   */
  "POST /admin/v1/views": {
    body: {
      name: string;
      page: "traces" | "performance" | "costs";
      /**
       * the page's address, field by field
       */
      query: {
        [k: string]: string;
      };
    };
    answer: {
      id: string;
    };
  };
  /**
   * Forget a saved view
   */
  "DELETE /admin/v1/views/{id}": {
    path: {
      id: string;
    };
    answer: unknown;
  };
  /**
   * Runs with their texts as JSONL or Parquet
   */
  "GET /admin/v1/runs/export": {
    query?: {
      tenant?: string;
      /**
       * a project's id
       */
      project?: string;
      /**
       * only the first runs of traces
       */
      root?: string;
      source?: "call" | "langsmith" | "otlp";
      status?: "pending" | "success" | "error" | "blocked" | "canceled";
      type?: string;
      name?: string;
      /**
       * of roots: of any run of the trace
       */
      model?: string;
      target?: string;
      route?: string;
      /**
       * a key's name
       */
      key?: string;
      user?: string;
      thread?: string;
      prompt?: string;
      tag?: string;
      /**
       * words in the previews; with `*` after the last one, its beginning
       */
      search?: string;
      from?: number;
      to?: number;
      minDurationMs?: number;
      guarded?: string;
      /**
       * LangSmith's filter language, as `and(gt(latency, 5), has(tags, "prod"))`
       */
      filter?: string;
      format?: "jsonl" | "parquet";
    };
    answer: unknown;
  };
  /**
   * Delete all that is kept of a user's runs
   */
  "DELETE /admin/v1/users/{id}/runs": {
    path: {
      id: string;
    };
    query?: {
      tenant?: string;
    };
    answer: {
      /**
       * runs
       */
      removed: number;
    };
  };
  /**
   * Who looked at texts of prompts and answers, the latest first
   */
  "GET /admin/v1/reads": {
    query?: {
      limit?: number;
    };
    answer: {
      reads: {
        at: number;
        /**
         * the key's or the user's name
         */
        who: string;
        /**
         * as `run`, `trace`, `export`, or the API's own address
         */
        what: string;
        tenantId: string | null;
        subject: string;
      }[];
    };
  };
  /**
   * Cost and tokens, by up to two dimensions and by hour, day, week or month
   */
  "GET /admin/v1/costs": {
    query?: {
      model?: string;
      target?: string;
      provider?: string;
      route?: string;
      key?: string;
      user?: string;
      tenant?: string;
      project?: string;
      tag?: string;
      promptVersion?: string;
      type?: string;
      source?: string;
      status?: string;
      thread?: string;
      name?: string;
      /**
       * the start, widened to a whole hour; the first of this month where it is left out
       */
      from?: string;
      /**
       * the end, widened to a whole hour; now where it is left out
       */
      to?: string;
      /**
       * at most two of model, target, provider, route, key, user, tenant, project, tag, promptVersion, type, source, status, thread, name, with a comma between
       */
      by?: string;
      /**
       * one row each; else one
       */
      bucket?: "hour" | "day" | "week" | "month";
      format?: "json" | "csv";
    };
    answer: {
      from: number;
      to: number;
      by: (
        | "model"
        | "target"
        | "provider"
        | "route"
        | "key"
        | "user"
        | "tenant"
        | "project"
        | "tag"
        | "promptVersion"
        | "type"
        | "source"
        | "status"
        | "thread"
        | "name"
      )[];
      bucket: ("hour" | "day" | "week" | "month") | null;
      rows: {
        /**
         * with cached, cache-write, image and audio ones
         */
        inputTokens: number;
        /**
         * with reasoning
         */
        outputTokens: number;
        cachedTokens: number;
        cacheWriteTokens: number;
        reasoningTokens: number;
        imageTokens: number;
        audioTokens: number;
        runs: number;
        errors: number;
        /**
         * runs that tell their tokens: averages are of these
         */
        requests: number;
        /**
         * runs with tokens and no known price
         */
        unpriced: number;
        costNanos: number;
        /**
         * of it, what vendors bill
         */
        apiCostNanos: number;
        /**
         * of it, the busy time of machines of one's own
         */
        infraCostNanos: number;
        inputCostNanos: number;
        outputCostNanos: number;
        perRequest: {
          /**
           * with cached, cache-write, image and audio ones
           */
          inputTokens: number;
          /**
           * with reasoning
           */
          outputTokens: number;
          cachedTokens: number;
          cacheWriteTokens: number;
          reasoningTokens: number;
          imageTokens: number;
          audioTokens: number;
          costNanos: number;
          totalTokens: number;
        };
        /**
         * the period's start
         */
        at: number;
        /**
         * in the order of `by`; empty where a run has none
         */
        values: string[];
        /**
         * names of projects, keys and tenants; else the values
         */
        labels: string[];
      }[];
      /**
       * of everything once: a run counts in each of its tags
       */
      total: {
        /**
         * with cached, cache-write, image and audio ones
         */
        inputTokens: number;
        /**
         * with reasoning
         */
        outputTokens: number;
        cachedTokens: number;
        cacheWriteTokens: number;
        reasoningTokens: number;
        imageTokens: number;
        audioTokens: number;
        runs: number;
        errors: number;
        /**
         * runs that tell their tokens: averages are of these
         */
        requests: number;
        /**
         * runs with tokens and no known price
         */
        unpriced: number;
        costNanos: number;
        /**
         * of it, what vendors bill
         */
        apiCostNanos: number;
        /**
         * of it, the busy time of machines of one's own
         */
        infraCostNanos: number;
        inputCostNanos: number;
        outputCostNanos: number;
        perRequest: {
          /**
           * with cached, cache-write, image and audio ones
           */
          inputTokens: number;
          /**
           * with reasoning
           */
          outputTokens: number;
          cachedTokens: number;
          cacheWriteTokens: number;
          reasoningTokens: number;
          imageTokens: number;
          audioTokens: number;
          costNanos: number;
          totalTokens: number;
        };
      };
      /**
       * machines of one's own: what they cost, busy and idle
       */
      machines: {
        model: string;
        target: string;
        hourlyNanos: number;
        /**
         * from the hour of its first call in the window to the window's end, or now
         */
        hours: number;
        /**
         * hours × hourlyNanos
         */
        billNanos: number;
        /**
         * of it, what calls were charged
         */
        busyNanos: number;
        idleNanos: number;
      }[];
      /**
       * in no row: nobody's calls caused it
       */
      idleCostNanos: number;
    };
  };
  /**
   * What this month will have cost at its end
   */
  "GET /admin/v1/costs/forecast": {
    query?: {
      tenant?: string;
    };
    answer: {
      month: number;
      spentNanos: number;
      expectedNanos: number;
      lowNanos: number;
      highNanos: number;
      /**
       * full days that it was made from
       */
      days: number;
      method: string;
    };
  };
  /**
   * What would make the dearest prompts, endpoints and models cheaper
   */
  "GET /admin/v1/costs/advice": {
    query?: {
      /**
       * the start, widened to a whole hour; the first of this month where it is left out
       */
      from?: string;
      /**
       * the end, widened to a whole hour; now where it is left out
       */
      to?: string;
      tenant?: string;
    };
    answer: {
      from: number;
      to: number;
      costNanos: number;
      /**
       * the newest ones, whose inputs were compared
       */
      runs: number;
      /**
       * the largest saving first; savings overlap
       */
      advice: {
        kind: "cache" | "shorter_answers" | "cheaper_model";
        dimension: "promptVersion" | "route" | "model";
        value: string;
        costNanos: number;
        savingNanos: number;
        advice: string;
        arithmetic: string;
        /**
         * the cheaper one
         */
        model: string | null;
      }[];
    };
  };
  /**
   * What the same tokens would have cost on another model
   */
  "GET /admin/v1/costs/preview": {
    query: {
      /**
       * the start, widened to a whole hour; the first of this month where it is left out
       */
      from?: string;
      /**
       * the end, widened to a whole hour; now where it is left out
       */
      to?: string;
      tenant?: string;
      /**
       * the model to ask the price of
       */
      on: string;
      /**
       * its vendor, where the name alone does not say it
       */
      provider?: string;
    };
    answer: {
      from: number;
      to: number;
      /**
       * what it cost
       */
      costNanos: number;
      /**
       * what the same tokens would have cost there
       */
      previewNanos: number;
      priceVersion: string;
      rows: {
        model: string;
        requests: number;
        costNanos: number;
        previewNanos: number;
      }[];
    };
  };
  /**
   * The guard's policy, as weir.yaml says it
   */
  "GET /admin/v1/guard": {
    answer: {
      /**
       * the `guard` section of weir.yaml, without its name; empty: none
       */
      section: string;
    };
  };
  /**
   * What the guard makes of a text, by its policy or by another
   */
  "POST /admin/v1/guard/try": {
    body: {
      text: string;
      /**
       * who wrote it
       */
      origin?: "user" | "document" | "tool" | "developer" | "history" | "assistant";
      /**
       * the `guard` section of a weir.yaml to try it by; absent: the one in force
       */
      policy?: string;
    };
    answer: {
      /**
       * the strongest of the findings' actions
       */
      verdict: "allow" | "flag" | "redact" | "hold" | "block";
      findings: {
        detector: string;
        action: "allow" | "flag" | "redact" | "hold" | "block";
        /**
         * UTF-16 offsets into the text
         */
        start: number;
        end: number;
        /**
         * 0 to 1
         */
        confidence: number;
        falsePositiveRate?: number;
        evidence?: {
          text: string;
          steps: string[];
        };
      }[];
      /**
       * with what is redacted taken out
       */
      text: string;
      /**
       * detectors that could not look
       */
      failed: string[];
      /**
       * what is hidden in the text, decoded; at most 20
       */
      readings: {
        text: string;
        steps: string[];
      }[];
    };
  };
  /**
   * Prompts and calls of tools that wait for a person, and what was decided
   */
  "GET /admin/v1/guard/approvals": {
    answer: {
      approvals: {
        id: string;
        tenant: string;
        keyId: string;
        /**
         * prompt: a prompt that is held for review
         */
        tool: string;
        /**
         * JSON text, as the guard let it through
         */
        arguments: string;
        state: "pending" | "approved" | "denied";
        createdAt: number;
        /**
         * until then it is waited for, and then an approval holds
         */
        expiresAt: number;
        /**
         * the name of a key
         */
        decidedBy: string | null;
      }[];
    };
  };
  /**
   * Approve or deny a call of a tool
   */
  "POST /admin/v1/guard/approvals/{id}": {
    path: {
      id: string;
    };
    body: {
      decision: "approve" | "deny";
    };
    answer: {
      id: string;
      tenant: string;
      keyId: string;
      /**
       * prompt: a prompt that is held for review
       */
      tool: string;
      /**
       * JSON text, as the guard let it through
       */
      arguments: string;
      state: "pending" | "approved" | "denied";
      createdAt: number;
      /**
       * until then it is waited for, and then an approval holds
       */
      expiresAt: number;
      /**
       * the name of a key
       */
      decidedBy: string | null;
    };
  };
  /**
   * Let a tool be pinned anew, as it reads when it is seen next
   */
  "POST /admin/v1/guard/unpin": {
    body: {
      tenant?: string;
      tool: string;
    };
    answer: unknown;
  };
  /**
   * Put originals for the placeholders in a text
   */
  "POST /admin/v1/guard/vault/open": {
    body: {
      tenant?: string;
      /**
       * with placeholders, as an upstream or its log has it
       */
      text: string;
    };
    answer: {
      /**
       * with the originals
       */
      text: string;
      /**
       * how many placeholders were known
       */
      opened: number;
    };
  };
  /**
   * Forget what a tenant's placeholders stand for, or one user's
   */
  "DELETE /admin/v1/guard/vault/{id}": {
    path: {
      id: string;
    };
    query?: {
      /**
       * only what this user's requests had
       */
      user?: string;
    };
    answer: {
      removed: number;
    };
  };
  "HEAD,GET /docs/assets/{name}": {
    path: {
      name: string;
    };
    answer: unknown;
  };
  "HEAD,GET /{name}": {
    path: {
      name: string;
    };
    answer: unknown;
  };
  /**
   * Replicas, and why so many
   */
  "GET /admin/v1/scaling": {
    answer: {
      models: {
        model: string;
        /**
         * who starts and ends replicas
         */
        driver: "local" | "kubernetes" | "none";
        policy: string;
        min: number;
        max: number;
        /**
         * null: nothing was decided yet
         */
        wanted: number | null;
        ready: number;
        starting: number;
        draining: number;
        asleep: boolean;
        /**
         * a release of it is being judged: it does not shrink
         */
        frozen: boolean;
        /**
         * set by an operator
         */
        hold: {
          replicas: number;
          by: string;
          at: number;
        } | null;
        trouble: string | null;
        /**
         * of the last replica that was started
         */
        startDelayMs: number | null;
        /**
         * the newest first
         */
        decisions: {
          at: number;
          /**
           * it was decided again and again until then
           */
          until: number;
          /**
           * replicas that were there, starting ones included
           */
          from: number;
          /**
           * how many there should be
           */
          replicas: number;
          kind: "up" | "down" | "steady" | "idle" | "wake" | "frozen" | "silent";
          why: string;
          /**
           * what the decision was made of
           */
          numbers: {
            [k: string]: number;
          };
        }[];
        /**
         * one an interval, the newest last
         */
        samples: {
          at: number;
          wanted: number;
          ready: number;
          starting: number;
          /**
           * calls without their first token
           */
          waiting: number;
          /**
           * calls past their first token
           */
          running: number;
          /**
           * calls since the sample before
           */
          arrived: number;
        }[];
      }[];
    };
  };
  /**
   * Hold a number of replicas, or let it be decided again
   */
  "POST /admin/v1/scaling": {
    body:
      | {
          /**
           * keep so many until `resume`
           */
          action: "hold";
          model: string;
          /**
           * within min and max
           */
          replicas: number;
        }
      | {
          action: "resume";
          model: string;
        };
    answer: {
      model: string;
      /**
       * who starts and ends replicas
       */
      driver: "local" | "kubernetes" | "none";
      policy: string;
      min: number;
      max: number;
      /**
       * null: nothing was decided yet
       */
      wanted: number | null;
      ready: number;
      starting: number;
      draining: number;
      asleep: boolean;
      /**
       * a release of it is being judged: it does not shrink
       */
      frozen: boolean;
      /**
       * set by an operator
       */
      hold: {
        replicas: number;
        by: string;
        at: number;
      } | null;
      trouble: string | null;
      /**
       * of the last replica that was started
       */
      startDelayMs: number | null;
      /**
       * the newest first
       */
      decisions: {
        at: number;
        /**
         * it was decided again and again until then
         */
        until: number;
        /**
         * replicas that were there, starting ones included
         */
        from: number;
        /**
         * how many there should be
         */
        replicas: number;
        kind: "up" | "down" | "steady" | "idle" | "wake" | "frozen" | "silent";
        why: string;
        /**
         * what the decision was made of
         */
        numbers: {
          [k: string]: number;
        };
      }[];
      /**
       * one an interval, the newest last
       */
      samples: {
        at: number;
        wanted: number;
        ready: number;
        starting: number;
        /**
         * calls without their first token
         */
        waiting: number;
        /**
         * calls past their first token
         */
        running: number;
        /**
         * calls since the sample before
         */
        arrived: number;
      }[];
    };
  };
  /**
   * How many replicas a model should have, for KEDA's metrics-api trigger
   */
  "GET /admin/v1/scaling/replicas": {
    query: {
      model: string;
    };
    answer: {
      model: string;
      replicas: number;
    };
  };
  /**
   * A kept response, or the events of a background one
   */
  "GET /v1/responses/{id}": {
    path: {
      id: string;
    };
    query?: {
      /**
       * the events of a background response
       */
      stream?: string;
      /**
       * the last event already seen
       */
      starting_after?: number;
    };
    answer: {
      id: string;
      object: "response";
      status: "queued" | "in_progress" | "completed" | "incomplete" | "failed" | "cancelled";
      output: {
        id: string;
        type: string;
        [k: string]: unknown;
      }[];
      [k: string]: unknown;
    };
  };
  /**
   * Forget a response
   */
  "DELETE /v1/responses/{id}": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      object: "response";
      deleted: true;
    };
  };
  /**
   * End a background response
   */
  "POST /v1/responses/{id}/cancel": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      object: "response";
      status: "queued" | "in_progress" | "completed" | "incomplete" | "failed" | "cancelled";
      output: {
        id: string;
        type: string;
        [k: string]: unknown;
      }[];
      [k: string]: unknown;
    };
  };
  /**
   * What a response was asked
   */
  "GET /v1/responses/{id}/input_items": {
    path: {
      id: string;
    };
    query?: {
      /**
       * the id of the last item already seen
       */
      after?: string;
      limit?: number;
      order?: "asc" | "desc";
    };
    answer: {
      object: "list";
      data: {
        id: string;
        type: string;
        [k: string]: unknown;
      }[];
      first_id: string | null;
      last_id: string | null;
      has_more: boolean;
    };
  };
  /**
   * Begin a conversation
   */
  "POST /v1/conversations": {
    body: {
      metadata?: {
        [k: string]: string;
      } | null;
      items?:
        | {
            type?: string;
            [k: string]: unknown;
          }[]
        | null;
      [k: string]: unknown;
    };
    answer: {
      id: string;
      object: "conversation";
      created_at: number;
      metadata: {
        [k: string]: unknown;
      };
    };
  };
  /**
   * A conversation
   */
  "GET /v1/conversations/{id}": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      object: "conversation";
      created_at: number;
      metadata: {
        [k: string]: unknown;
      };
    };
  };
  /**
   * Change a conversation's metadata
   */
  "POST /v1/conversations/{id}": {
    path: {
      id: string;
    };
    body: {
      metadata: {
        [k: string]: string;
      } | null;
      [k: string]: unknown;
    };
    answer: {
      id: string;
      object: "conversation";
      created_at: number;
      metadata: {
        [k: string]: unknown;
      };
    };
  };
  /**
   * Forget a conversation
   */
  "DELETE /v1/conversations/{id}": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      object: "conversation.deleted";
      deleted: true;
    };
  };
  /**
   * What was said in a conversation
   */
  "GET /v1/conversations/{id}/items": {
    path: {
      id: string;
    };
    query?: {
      /**
       * the id of the last item already seen
       */
      after?: string;
      limit?: number;
      order?: "asc" | "desc";
    };
    answer: {
      object: "list";
      data: {
        id: string;
        type: string;
        [k: string]: unknown;
      }[];
      first_id: string | null;
      last_id: string | null;
      has_more: boolean;
    };
  };
  /**
   * Add to a conversation
   */
  "POST /v1/conversations/{id}/items": {
    path: {
      id: string;
    };
    body: {
      /**
       * @maxItems 100
       */
      items: {
        type?: string;
        [k: string]: unknown;
      }[];
      [k: string]: unknown;
    };
    answer: {
      object: "list";
      data: {
        id: string;
        type: string;
        [k: string]: unknown;
      }[];
      first_id: string | null;
      last_id: string | null;
      has_more: boolean;
    };
  };
  /**
   * One item of a conversation
   */
  "GET /v1/conversations/{id}/items/{item}": {
    path: {
      id: string;
      item: string;
    };
    answer: {
      id: string;
      type: string;
      [k: string]: unknown;
    };
  };
  /**
   * Take an item out
   */
  "DELETE /v1/conversations/{id}/items/{item}": {
    path: {
      id: string;
      item: string;
    };
    answer: {
      id: string;
      object: "conversation";
      created_at: number;
      metadata: {
        [k: string]: unknown;
      };
    };
  };
  /**
   * The files of this key
   */
  "GET /v1/files": {
    query?: {
      /**
       * the id of the last item already seen
       */
      after?: string;
      limit?: number;
      order?: "asc" | "desc";
      purpose?: string;
    };
    answer: {
      object: "list";
      data: {
        id: string;
        object: "file";
        bytes: number;
        created_at: number;
        expires_at: number | null;
        filename: string;
        purpose: string;
        status: "processed";
      }[];
      first_id: string | null;
      last_id: string | null;
      has_more: boolean;
    };
  };
  /**
   * Upload a file
   */
  "POST /v1/files": {
    answer: {
      id: string;
      object: "file";
      bytes: number;
      created_at: number;
      expires_at: number | null;
      filename: string;
      purpose: string;
      status: "processed";
    };
  };
  /**
   * What is known of a file
   */
  "GET /v1/files/{id}": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      object: "file";
      bytes: number;
      created_at: number;
      expires_at: number | null;
      filename: string;
      purpose: string;
      status: "processed";
    };
  };
  /**
   * Delete a file
   */
  "DELETE /v1/files/{id}": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      object: "file";
      deleted: true;
    };
  };
  /**
   * A file's content
   */
  "GET /v1/files/{id}/content": {
    path: {
      id: string;
    };
    answer: unknown;
  };
  /**
   * Run a file of requests within a day
   */
  "POST /v1/batches": {
    body: {
      input_file_id: string;
      endpoint: "/v1/chat/completions" | "/v1/completions" | "/v1/embeddings" | "/v1/responses";
      completion_window: "24h";
      metadata?: {
        [k: string]: string;
      } | null;
      output_expires_after?: {
        anchor: "created_at";
        seconds: number;
      } | null;
      [k: string]: unknown;
    };
    answer: {
      id: string;
      object: "batch";
      endpoint: string;
      status: string;
      request_counts: {
        total: number;
        completed: number;
        failed: number;
      };
      [k: string]: unknown;
    };
  };
  /**
   * The batches of this key
   */
  "GET /v1/batches": {
    query?: {
      /**
       * the id of the last item already seen
       */
      after?: string;
      limit?: number;
      order?: "asc" | "desc";
    };
    answer: {
      object: "list";
      data: {
        id: string;
        object: "batch";
        endpoint: string;
        status: string;
        request_counts: {
          total: number;
          completed: number;
          failed: number;
        };
        [k: string]: unknown;
      }[];
      first_id: string | null;
      last_id: string | null;
      has_more: boolean;
    };
  };
  /**
   * How far a batch is
   */
  "GET /v1/batches/{id}": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      object: "batch";
      endpoint: string;
      status: string;
      request_counts: {
        total: number;
        completed: number;
        failed: number;
      };
      [k: string]: unknown;
    };
  };
  /**
   * End a batch; what was done is kept
   */
  "POST /v1/batches/{id}/cancel": {
    path: {
      id: string;
    };
    answer: {
      id: string;
      object: "batch";
      endpoint: string;
      status: string;
      request_counts: {
        total: number;
        completed: number;
        failed: number;
      };
      [k: string]: unknown;
    };
  };
  /**
   * Rank documents by their worth for a query
   */
  "POST /v1/rerank": {
    body: {
      model: string;
      query: string;
      /**
       * @minItems 1
       * @maxItems 1000
       */
      documents: (
        | string
        | {
            text: string;
            [k: string]: unknown;
          }
      )[];
      top_n?: number | null;
      return_documents?: boolean | null;
      [k: string]: unknown;
    };
    answer: {
      id: string;
      model: string;
      results: {
        index: number;
        relevance_score: number;
        document?: {
          text: string;
        };
      }[];
      usage: {
        prompt_tokens: number;
        total_tokens: number;
      };
    };
  };
  /**
   * Rank documents by their worth for a query
   */
  "POST /v2/rerank": {
    body: {
      model: string;
      query: string;
      /**
       * @minItems 1
       * @maxItems 1000
       */
      documents: (
        | string
        | {
            text: string;
            [k: string]: unknown;
          }
      )[];
      top_n?: number | null;
      return_documents?: boolean | null;
      [k: string]: unknown;
    };
    answer: {
      id: string;
      model: string;
      results: {
        index: number;
        relevance_score: number;
        document?: {
          text: string;
        };
      }[];
      usage: {
        prompt_tokens: number;
        total_tokens: number;
      };
    };
  };
  /**
   * The tokens of a text, or of a chat as its model's template writes it
   */
  "POST /tokenize": {
    body:
      | {
          /**
           * a model name from weir.yaml
           */
          model: string;
          prompt: string;
          add_special_tokens?: boolean | null;
          return_token_strs?: boolean | null;
          [k: string]: unknown;
        }
      | {
          /**
           * a model name from weir.yaml
           */
          model: string;
          /**
           * @minItems 1
           */
          messages: (
            | {
                role: "system";
                content:
                  | string
                  | (
                      | (
                          | {
                              type: "text";
                              text: string;
                              /**
                               * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                               */
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "image_url";
                              image_url: {
                                url: string;
                                detail?: string | null;
                                [k: string]: unknown;
                              };
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "input_audio";
                              input_audio: {
                                data: string;
                                format: string;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "file";
                              file: {
                                file_data?: string | null;
                                filename?: string | null;
                                file_id?: string | null;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "refusal";
                              refusal: string;
                              [k: string]: unknown;
                            }
                        )
                      | {
                          type: string;
                          [k: string]: unknown;
                        }
                    )[];
                name?: string | null;
                [k: string]: unknown;
              }
            | {
                role: "developer";
                content:
                  | string
                  | (
                      | (
                          | {
                              type: "text";
                              text: string;
                              /**
                               * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                               */
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "image_url";
                              image_url: {
                                url: string;
                                detail?: string | null;
                                [k: string]: unknown;
                              };
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "input_audio";
                              input_audio: {
                                data: string;
                                format: string;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "file";
                              file: {
                                file_data?: string | null;
                                filename?: string | null;
                                file_id?: string | null;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "refusal";
                              refusal: string;
                              [k: string]: unknown;
                            }
                        )
                      | {
                          type: string;
                          [k: string]: unknown;
                        }
                    )[];
                name?: string | null;
                [k: string]: unknown;
              }
            | {
                role: "user";
                content:
                  | string
                  | (
                      | (
                          | {
                              type: "text";
                              text: string;
                              /**
                               * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                               */
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "image_url";
                              image_url: {
                                url: string;
                                detail?: string | null;
                                [k: string]: unknown;
                              };
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "input_audio";
                              input_audio: {
                                data: string;
                                format: string;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "file";
                              file: {
                                file_data?: string | null;
                                filename?: string | null;
                                file_id?: string | null;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "refusal";
                              refusal: string;
                              [k: string]: unknown;
                            }
                        )
                      | {
                          type: string;
                          [k: string]: unknown;
                        }
                    )[];
                name?: string | null;
                [k: string]: unknown;
              }
            | {
                role: "assistant";
                content?:
                  | (
                      | string
                      | (
                          | (
                              | {
                                  type: "text";
                                  text: string;
                                  /**
                                   * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                                   */
                                  cache_control?: {
                                    ttl?: ("5m" | "1h") | null;
                                    [k: string]: unknown;
                                  } | null;
                                  [k: string]: unknown;
                                }
                              | {
                                  type: "image_url";
                                  image_url: {
                                    url: string;
                                    detail?: string | null;
                                    [k: string]: unknown;
                                  };
                                  cache_control?: {
                                    ttl?: ("5m" | "1h") | null;
                                    [k: string]: unknown;
                                  } | null;
                                  [k: string]: unknown;
                                }
                              | {
                                  type: "input_audio";
                                  input_audio: {
                                    data: string;
                                    format: string;
                                    [k: string]: unknown;
                                  };
                                  [k: string]: unknown;
                                }
                              | {
                                  type: "file";
                                  file: {
                                    file_data?: string | null;
                                    filename?: string | null;
                                    file_id?: string | null;
                                    [k: string]: unknown;
                                  };
                                  [k: string]: unknown;
                                }
                              | {
                                  type: "refusal";
                                  refusal: string;
                                  [k: string]: unknown;
                                }
                            )
                          | {
                              type: string;
                              [k: string]: unknown;
                            }
                        )[]
                    )
                  | null;
                name?: string | null;
                refusal?: string | null;
                tool_calls?:
                  | {
                      id: string;
                      type?: "function";
                      function: {
                        name: string;
                        arguments: string;
                        [k: string]: unknown;
                      };
                      /**
                       * not OpenAI's: where Gemini's signature of a call travels
                       */
                      extra_content?: {
                        google?: {
                          thought_signature?: string | null;
                          [k: string]: unknown;
                        } | null;
                        [k: string]: unknown;
                      } | null;
                      [k: string]: unknown;
                    }[]
                  | null;
                /**
                 * not OpenAI's: the earlier thinking
                 */
                reasoning_content?: string | null;
                /**
                 * not OpenAI's: the earlier thinking
                 */
                reasoning?: string | null;
                /**
                 * not OpenAI's: the earlier thinking with its signatures
                 */
                reasoning_details?:
                  | {
                      type: string;
                      text?: string | null;
                      summary?: string | null;
                      data?: string | null;
                      signature?: string | null;
                      id?: string | null;
                      [k: string]: unknown;
                    }[]
                  | null;
                [k: string]: unknown;
              }
            | {
                role: "tool";
                content:
                  | string
                  | (
                      | (
                          | {
                              type: "text";
                              text: string;
                              /**
                               * not OpenAI's: Anthropic's cache mark, also taken elsewhere
                               */
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "image_url";
                              image_url: {
                                url: string;
                                detail?: string | null;
                                [k: string]: unknown;
                              };
                              cache_control?: {
                                ttl?: ("5m" | "1h") | null;
                                [k: string]: unknown;
                              } | null;
                              [k: string]: unknown;
                            }
                          | {
                              type: "input_audio";
                              input_audio: {
                                data: string;
                                format: string;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "file";
                              file: {
                                file_data?: string | null;
                                filename?: string | null;
                                file_id?: string | null;
                                [k: string]: unknown;
                              };
                              [k: string]: unknown;
                            }
                          | {
                              type: "refusal";
                              refusal: string;
                              [k: string]: unknown;
                            }
                        )
                      | {
                          type: string;
                          [k: string]: unknown;
                        }
                    )[];
                tool_call_id: string;
                [k: string]: unknown;
              }
          )[];
          [k: string]: unknown;
        };
    answer: {
      count: number;
      tokens: number[];
      model: string;
    };
  };
  /**
   * The text of tokens
   */
  "POST /detokenize": {
    body: {
      /**
       * a model name from weir.yaml
       */
      model: string;
      tokens: number[];
      [k: string]: unknown;
    };
    answer: {
      prompt: string;
    };
  };
  /**
   * How many tokens a prompt has
   */
  "POST /v1/messages/count_tokens": {
    body: {
      /**
       * a model name from weir.yaml
       */
      model: string;
      /**
       * @minItems 1
       */
      messages: {
        role: "user" | "assistant" | "system";
        content: {
          type: string;
          [k: string]: unknown;
        }[];
        [k: string]: unknown;
      }[];
      system?:
        | {
            type: "text";
            text: string;
            cache_control?: {
              type: "ephemeral";
              ttl?: ("5m" | "1h") | null;
              [k: string]: unknown;
            } | null;
            [k: string]: unknown;
          }[]
        | null;
      tools?:
        | {
            type?: string | null;
            [k: string]: unknown;
          }[]
        | null;
      tool_choice?: {
        type: "auto" | "any" | "tool" | "none";
        /**
         * with type tool: which
         */
        name?: string | null;
        disable_parallel_tool_use?: boolean | null;
        [k: string]: unknown;
      } | null;
      thinking?: {
        /**
         * enabled, adaptive or disabled
         */
        type: string;
        /**
         * with type enabled: the most to think
         */
        budget_tokens?: number | null;
        display?: string | null;
        [k: string]: unknown;
      } | null;
      output_config?: {
        effort?: string | null;
        format?: {
          type: "json_schema";
          schema: {
            [k: string]: unknown;
          };
          [k: string]: unknown;
        } | null;
        [k: string]: unknown;
      } | null;
      /**
       * the older place of output_config.format
       */
      output_format?: {
        type: "json_schema";
        schema: {
          [k: string]: unknown;
        };
        [k: string]: unknown;
      } | null;
      [k: string]: unknown;
    };
    answer: {
      input_tokens: number;
    };
  };
  /**
   * What the guard sees in texts
   */
  "POST /v1/moderations": {
    body: {
      input:
        | string
        | string[]
        | (
            | {
                type: "text";
                text: string;
                [k: string]: unknown;
              }
            | {
                type: "image_url";
                [k: string]: unknown;
              }
          )[];
      model?: string | null;
      [k: string]: unknown;
    };
    answer: {
      id: string;
      model: string;
      results: {
        flagged: boolean;
        categories: {
          [k: string]: boolean;
        };
        category_scores: {
          [k: string]: number;
        };
        category_applied_input_types: {
          [k: string]: string[];
        };
      }[];
    };
  };
  /**
   * What the guard sees in documents, before they are indexed
   */
  "POST /guard/documents": {
    body: {
      /**
       * @minItems 1
       * @maxItems 200
       */
      documents: {
        /**
         * comes back with what was found
         */
        id?: string;
        text: string;
      }[];
      /**
       * keep fingerprints of what may go in: other tenants' answers must not repeat it
       */
      remember?: boolean;
    };
    answer: {
      documents: {
        id?: string;
        /**
         * the strongest of the findings' actions; do not index what is blocked
         */
        verdict: "allow" | "flag" | "redact" | "hold" | "block";
        findings: {
          detector: string;
          action: "allow" | "flag" | "redact" | "hold" | "block";
          /**
           * UTF-16 offsets into the text as it came
           */
          start: number;
          end: number;
          /**
           * 0 to 1
           */
          confidence: number;
          falsePositiveRate?: number;
        }[];
        /**
         * with what is redacted taken out
         */
        text: string;
        /**
         * where it was asked for; not what is blocked, nor a text of less than 24 letters
         */
        remembered?: boolean;
      }[];
    };
  };
  /**
   * Read a text aloud
   */
  "POST /v1/audio/speech": {
    body: {
      /**
       * a model name from weir.yaml
       */
      model: string;
      input: string;
      voice?: string;
      [k: string]: unknown;
    };
    answer: unknown;
  };
  /**
   * Write down what is said
   */
  "POST /v1/audio/transcriptions": {
    answer: unknown;
  };
  /**
   * Write down in English what is said
   */
  "POST /v1/audio/translations": {
    answer: unknown;
  };
  /**
   * Draw a picture
   */
  "POST /v1/images/generations": {
    body: {
      /**
       * a model name from weir.yaml
       */
      model: string;
      prompt: string;
      [k: string]: unknown;
    };
    answer: unknown;
  };
  /**
   * Change a picture
   */
  "POST /v1/images/edits": {
    answer: unknown;
  };
  /**
   * Draw a picture like another
   */
  "POST /v1/images/variations": {
    answer: unknown;
  };
}
