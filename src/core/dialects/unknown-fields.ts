import { z } from "zod";

/**
 * The paths of a body's fields that its schema has no word for, as `messages[0].foo`. The body must
 * have passed the schema. Costs a walk over the body: asked only where somebody is told.
 */
export function unknownFields(schema: z.ZodType, body: unknown): string[] {
  const found: string[] = [];
  walk(schema, body, "", found);
  return found;
}

function walk(schema: z.ZodType, value: unknown, path: string, found: string[]): void {
  if (value === null || typeof value !== "object") return;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    walk(schema.unwrap() as z.ZodType, value, path, found);
  } else if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    walk(schema.unwrap() as z.ZodType, value, path, found);
  } else if (schema instanceof z.ZodUnion) {
    // A discriminated union is one of these too: the first that fits is what the body was read as.
    const fitting = (schema.options as z.ZodType[]).find((one) => one.safeParse(value).success);
    if (fitting) walk(fitting, value, path, found);
  } else if (schema instanceof z.ZodArray) {
    for (const [index, item] of (value as unknown[]).entries()) {
      walk(schema.element as z.ZodType, item, `${path}[${index}]`, found);
    }
  } else if (schema instanceof z.ZodObject) walkObject(schema, value, path, found);
}

function walkObject(schema: z.ZodObject, value: object, path: string, found: string[]): void {
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  for (const [name, item] of Object.entries(value)) {
    const inner = shape[name];
    const place = path === "" ? name : `${path}.${name}`;
    if (inner) walk(inner as z.ZodType, item, place, found);
    else found.push(place);
  }
}
