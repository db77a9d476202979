import { uuidOf } from "./uuid.ts";

/** Where a run stands in its trace, read from its sort key: `20261123T103718123456Z{uuid}`, joined by dots, root first. */
export interface Place {
  readonly traceId: string;
  /** The run that the key is of. */
  readonly id: string;
  readonly parentId: string | undefined;
}

const UUID_LENGTH = 36;

/** Undefined for what is no such key. */
export function placeOf(dottedOrder: string): Place | undefined {
  const end = dottedOrder.indexOf(".");
  const traceId = uuidAtEnd(end === -1 ? dottedOrder : dottedOrder.slice(0, end));
  const id = uuidAtEnd(dottedOrder);
  if (traceId === undefined || id === undefined) return undefined;
  const last = dottedOrder.lastIndexOf(".");
  return { traceId, id, parentId: last === -1 ? undefined : uuidAtEnd(dottedOrder.slice(0, last)) };
}

function uuidAtEnd(text: string): string | undefined {
  return text.length > UUID_LENGTH ? uuidOf(text.slice(-UUID_LENGTH)) : undefined;
}
