import type { FastifyInstance } from "fastify";

/**
 * Every body of this scope's routes arrives as the bytes that were sent, whatever its type says:
 * nothing is parsed and nothing decompressed. A larger one than `maxBytes` is refused with
 * request_too_large as soon as that is known. No body gives undefined.
 */
export function takeRawBodies(scope: FastifyInstance, maxBytes: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    "*",
    { parseAs: "buffer", bodyLimit: maxBytes },
    (_request, body, done) => done(null, body),
  );
}
