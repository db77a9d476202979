import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Metadata } from "../../core/dialects/responses/body.ts";
import type { Conversations } from "../../serve/responses/conversations.ts";
import type { Authorise } from "../authorise.ts";
import { PageQuery, pageOf, toPage } from "../page.ts";

export interface ConversationsRoutesNeeds {
  readonly authorise: Authorise;
  readonly conversations: Conversations;
}

const tag = "Conversations";

const SentItem = z.looseObject({ type: z.string().optional() });
const Items = z.array(SentItem).max(100);
const NewConversation = z
  .looseObject({ metadata: Metadata.nullish(), items: Items.nullish() })
  .optional();
const Change = z.looseObject({ metadata: Metadata.nullable() });
const NewItems = z.looseObject({ items: Items });
const Item = z.looseObject({ id: z.string(), type: z.string() });
const Conversation = z.object({
  id: z.string(),
  object: z.literal("conversation"),
  created_at: z.int(),
  metadata: z.record(z.string(), z.unknown()),
});
const Deleted = z.object({
  id: z.string(),
  object: z.literal("conversation.deleted"),
  deleted: z.literal(true),
});

interface OfOne {
  Params: { id: string };
}
interface OfItem {
  Params: { id: string; item: string };
}

/** Conversations that responses are added to, and their items. */
export function conversationRoutes(app: FastifyInstance, needs: ConversationsRoutesNeeds): void {
  const { authorise, conversations } = needs;
  app.post<{ Body: z.infer<typeof NewConversation> }>(
    "/v1/conversations",
    {
      schema: {
        summary: "Begin a conversation",
        tag,
        body: NewConversation,
        response: { 200: Conversation },
      },
    },
    async ({ body, raw }) => {
      const caller = authorise(raw, "inference");
      return toWire(conversations.create(caller, body?.metadata ?? {}, body?.items ?? []));
    },
  );
  app.get<OfOne>(
    "/v1/conversations/:id",
    { schema: { summary: "A conversation", tag, response: { 200: Conversation } } },
    async ({ raw, params }) => toWire(conversations.get(authorise(raw, "inference"), params.id)),
  );
  app.post<OfOne & { Body: z.infer<typeof Change> }>(
    "/v1/conversations/:id",
    {
      schema: {
        summary: "Change a conversation's metadata",
        tag,
        body: Change,
        response: { 200: Conversation },
      },
    },
    async ({ raw, params, body }) => {
      const caller = authorise(raw, "inference");
      return toWire(conversations.update(caller, params.id, body.metadata ?? {}));
    },
  );
  app.delete<OfOne>(
    "/v1/conversations/:id",
    { schema: { summary: "Forget a conversation", tag, response: { 200: Deleted } } },
    async ({ raw, params: { id } }) => {
      conversations.remove(authorise(raw, "inference"), id);
      return { id, object: "conversation.deleted", deleted: true };
    },
  );
  itemRoutes(app, needs);
}

function itemRoutes(
  app: FastifyInstance,
  { authorise, conversations }: ConversationsRoutesNeeds,
): void {
  app.get<OfOne & { Querystring: PageQuery }>(
    "/v1/conversations/:id/items",
    {
      schema: {
        summary: "What was said in a conversation",
        tag,
        querystring: PageQuery,
        response: { 200: pageOf(Item) },
      },
    },
    async ({ raw, params, query }) =>
      toPage(conversations.items(authorise(raw, "inference"), params.id), query),
  );
  app.post<OfOne & { Body: z.infer<typeof NewItems> }>(
    "/v1/conversations/:id/items",
    {
      schema: {
        summary: "Add to a conversation",
        tag,
        body: NewItems,
        response: { 200: pageOf(Item) },
      },
    },
    async ({ raw, params, body }) => {
      const caller = authorise(raw, "inference");
      const added = conversations.addItems(caller, params.id, body.items);
      return toPage(added, { order: "asc", limit: 100 });
    },
  );
  app.get<OfItem>(
    "/v1/conversations/:id/items/:item",
    { schema: { summary: "One item of a conversation", tag, response: { 200: Item } } },
    async ({ raw, params }) =>
      conversations.item(authorise(raw, "inference"), params.id, params.item),
  );
  app.delete<OfItem>(
    "/v1/conversations/:id/items/:item",
    { schema: { summary: "Take an item out", tag, response: { 200: Conversation } } },
    async ({ raw, params }) => {
      const caller = authorise(raw, "inference");
      return toWire(conversations.removeItem(caller, params.id, params.item));
    },
  );
}

function toWire({ id, metadata, createdAt }: ReturnType<Conversations["get"]>) {
  return {
    id,
    object: "conversation" as const,
    created_at: Math.floor(createdAt / 1000),
    metadata,
  };
}
