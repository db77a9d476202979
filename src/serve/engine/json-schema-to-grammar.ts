import { WeirError } from "../../core/errors.ts";

export const ANY_JSON_GRAMMAR = 'root ::= "{" "}"';

export function jsonSchemaToGrammar(_schema: unknown, path: string): string {
  throw new WeirError("unsupported_parameter", "JSON schemas come next.", { param: path });
}
