import { checkModel } from "../../core/access.ts";
import type { Caller } from "../../core/call.ts";
import { WeirError, modelNotFound } from "../../core/errors.ts";
import type { Models } from "./needs.ts";

/**
 * The model that a caller asks for: the one place where it is looked up, and where the key's list of
 * models is kept to. Throws forbidden or model_not_found; neither names models that are not for this key.
 */
export function modelFor(caller: Caller, name: string, models: Models): ReturnType<Models["find"]> {
  checkModel(caller, name);
  try {
    return models.find(name);
  } catch (cause) {
    const isUnknown = cause instanceof WeirError && cause.code === "model_not_found";
    throw isUnknown && caller.models ? modelNotFound(name, caller.models) : cause;
  }
}
