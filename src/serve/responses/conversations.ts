import type { Caller } from "../../core/call.ts";
import { WeirError } from "../../core/errors.ts";
import { redactItems, toItems } from "./items.ts";
import type { ConversationShelf, Inspect, KeptConversation, KeptItem } from "./needs.ts";

export interface ConversationsNeeds {
  readonly conversations: ConversationShelf;
  readonly inspect: Inspect;
  readonly newId: (prefix: string) => string;
}

export type Conversations = ReturnType<typeof createConversations>;

type Metadata = KeptConversation["metadata"];

/**
 * Conversations as clients make and change them. Everything but `create` throws not_found for what is
 * not this key's; items are kept as the guard lets them through.
 */
export function createConversations({ conversations, inspect, newId }: ConversationsNeeds) {
  function get({ keyId }: Caller, id: string): KeptConversation {
    const found = conversations.find(keyId, id);
    if (found) return found;
    throw new WeirError("not_found", `There is no conversation ${id} here.`);
  }

  function checked(items: unknown, caller: Caller): readonly KeptItem[] {
    const wanted = toItems(items, newId) ?? [];
    return redactItems(wanted, { model: "", inspect: (request) => inspect(request, caller) });
  }

  return {
    get,
    create(caller: Caller, metadata: Metadata, items: readonly unknown[]): KeptConversation {
      const id = newId("conv_");
      conversations.add(caller.keyId, { id, metadata }, checked(items, caller));
      return get(caller, id);
    },
    update(caller: Caller, id: string, metadata: Metadata): KeptConversation {
      get(caller, id);
      conversations.update(caller.keyId, id, metadata);
      return get(caller, id);
    },
    remove(caller: Caller, id: string): void {
      get(caller, id);
      conversations.remove(caller.keyId, id);
    },
    /** Oldest first. */
    items(caller: Caller, id: string): readonly KeptItem[] {
      get(caller, id);
      return conversations.items(id);
    },
    item(caller: Caller, id: string, itemId: string): KeptItem {
      get(caller, id);
      const found = conversations.items(id).find((item) => item.id === itemId);
      if (found) return found;
      throw noItem(id, itemId);
    },
    /** Gives the items as they were kept. */
    addItems(caller: Caller, id: string, items: readonly unknown[]): readonly KeptItem[] {
      get(caller, id);
      const kept = checked(items, caller);
      conversations.append(caller.keyId, id, kept);
      return kept;
    },
    removeItem(caller: Caller, id: string, itemId: string): KeptConversation {
      const conversation = get(caller, id);
      if (!conversations.removeItem(id, itemId)) throw noItem(id, itemId);
      return conversation;
    },
  };
}

function noItem(id: string, itemId: string): WeirError {
  return new WeirError("not_found", `There is no item ${itemId} in the conversation ${id}.`);
}
