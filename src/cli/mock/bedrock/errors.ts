import type { Reply } from "../call.ts";
import type { Failure } from "../kind.ts";

const TYPES: Readonly<Record<number, string>> = {
  400: "ValidationException",
  403: "AccessDeniedException",
  404: "ResourceNotFoundException",
  408: "ModelTimeoutException",
  424: "ModelErrorException",
  429: "ThrottlingException",
  500: "InternalServerException",
  503: "ServiceUnavailableException",
};

/** AWS's errors: the type stands in a header, behind it a colon and an address; the body has the sentence. */
export function awsError({ status, message, code }: Failure): Reply {
  const type = code ?? TYPES[status] ?? "InternalServerException";
  return {
    status,
    headers: {
      "x-amzn-requestid": "mock-request",
      "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
    },
    body: {
      message: status === 429 ? "Too many requests, please wait before trying again." : message,
    },
  };
}
