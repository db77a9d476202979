import { WeirError } from "../../core/errors.ts";
import { boundaryOf, forEachPart, typeIn } from "./multipart-parts.ts";

/** A part of a `multipart/form-data` body, with its bytes. */
export interface FormPart {
  readonly name: string;
  readonly filename: string | undefined;
  readonly mimeType: string;
  readonly bytes: Buffer;
}

/** All parts of a form, in their order. Throws invalid_request for a body that is no whole form. */
export function readForm(bytes: Buffer, contentType: string): FormPart[] {
  const boundary = boundaryOf(contentType);
  const body = bytes.toString("latin1");
  const parts: FormPart[] = [];
  const fault = forEachPart(body, boundary, ({ name, headStart, headEnd, start, end }) => {
    const head = Buffer.from(body.slice(headStart, headEnd), "latin1").toString("utf8");
    parts.push({
      name,
      filename: /\bfilename="([^"]*)"/i.exec(head)?.[1],
      mimeType: typeIn(head),
      bytes: bytes.subarray(start, end),
    });
  });
  if (fault === undefined) return parts;
  throw new WeirError("invalid_request", `The form ${fault}.`, { param: "body" });
}

/** The value of each field that is no file; repeated ones as a list of all. */
export function textsOf(parts: readonly FormPart[], name: string): string[] {
  return parts.filter((part) => part.name === name).map(({ bytes }) => bytes.toString("utf8"));
}
