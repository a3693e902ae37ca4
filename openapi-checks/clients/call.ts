// Calls every endpoint with the TypeScript client that openapi-checks/check generates from docs/openapi.yaml.
import assert from "node:assert/strict";

import { createClient } from "../../target/openapi-checks/typescript/client/index.ts";
import * as endpoints from "../../target/openapi-checks/typescript/index.ts";

const baseUrl = process.argv[2];
assert(baseUrl, "usage: call.ts URL");

// The endpoints, with a record of the called ones.
const called = new Set<string | symbol>();
const api = new Proxy(endpoints, {
  get(module, name) {
    called.add(name);
    return module[name as keyof typeof module];
  },
});

const client = createClient({ baseUrl, auth: "demo:cs-33333333-3333-4333-8333-333333333333" });
const platform = createClient({ baseUrl, auth: "cn-44444444-4444-4444-8444-444444444444" });

// A token of the demo application is valid for both products.
const issued = await api.issueToken({ client, body: { grant_type: "client_credentials" }, throwOnError: true });
const token = issued.data.access_token;
const partner = createClient({ baseUrl, auth: token });

const introspected = await api.introspectToken({ client, body: { token }, throwOnError: true });
assert(introspected.data.active && introspected.data.scope === "message-push-service thirdparty-customer-service");

const chat = "typescript-chat";
const text = { touser: chat, fromuser: "客服A", msgtype: "text" as const, text: { content: "您好 😀" }, msgId: "typescript" };
const received = await api.receiveMessage({ client: partner, body: text, throwOnError: true });
assert.deepEqual(received.data, { status: 0, message: "ok" });
// A retry with the same msgId stores nothing.
await api.receiveMessage({ client: partner, body: text, throwOnError: true });

const said = { chatId: chat, messageId: "typescript", msgtype: "text" as const, text: { content: "在吗" } };
const sent = await api.sendUserMessage({ client: platform, body: said, throwOnError: true });
assert.deepEqual(sent.data.data, { seq: 1, state: "robot", agent: "" });
// A retry with the same messageId has the same number.
const again = await api.sendUserMessage({ client: platform, body: said, throwOnError: true });
assert.deepEqual(again.data.data, sent.data.data);

const shown = await api.getChatMessages({ client: platform, query: { chatId: chat, latest: true }, throwOnError: true });
assert.deepEqual(shown.data.data.messages.map(({ text, seq }) => [text?.content, seq]), [["您好 😀", undefined], ["在吗", 1]]);

const read = [];
for (let cursor = ""; ; ) {
  const { data } = await api.syncMessages({ client: partner, query: { cursor }, throwOnError: true });
  if (data.list.length === 0) break;
  read.push(...data.list);
  cursor = data.cursor;
}
assert.deepEqual(read.filter(({ openId }) => openId === chat).map(({ seq, text }) => [seq, text?.content]), [[1, "在吗"]]);

await api.recordChatlog({
  client: platform,
  body: { openId: chat, question: "我是问题", reply: "我是答案", dateTime: "2020-05-12 08:30:00" },
  throwOnError: true,
});
const log = await api.getChatlog({ client: partner, query: { openId: chat, limit: 1 }, throwOnError: true });
assert.deepEqual(log.data, {
  status: 0,
  message: "ok",
  total: "1",
  list: [{ Question: "我是问题", Reply: "我是答案", DateTime: "2020-05-12 08:30:00", ReplyMode: "" }],
});

const found = await api.getUserInfo({ client: partner, query: { clientId: "ASDJQFJQEFQEGNQEG" }, throwOnError: true });
assert.equal(found.data.chatUser.city, "海淀");

const pushed = await api.pushMessage({
  client: partner,
  body: { userIds: "typescript-user", content: "<b>新消息</b>", expireTime: 1, messageId: "typescript" },
  throwOnError: true,
});
assert.deepEqual(pushed.data, { code: 200, message: "success" });

const login = { userId: "typescript-user", clientId: "typescript", hostIp: "10.1.123.6", userAgent: "Mozilla/5.0" };
const loggedIn = await api.logInUser({ client: platform, body: login, throwOnError: true });
const waiting = loggedIn.data.data.messages;
assert.deepEqual(waiting.map(({ appId, messageId, safeContent }) => [appId, messageId, safeContent]), [
  ["demo", "typescript", "<b>新消息</b>"],
]);

const body = { userId: "typescript-user", ackIds: waiting.map(({ ackId }) => ackId), state: "read" as const };
const acknowledged = await api.acknowledgeMessages({ client: platform, body, throwOnError: true });
assert.deepEqual(acknowledged.data.data, { acknowledged: 1, invalid: [] });

const query = { userId: "typescript-user" };
const pending = await api.getPendingMessages({ client: platform, query, throwOnError: true });
assert.deepEqual(pending.data.data, { messages: [] });

const watched = { userId: "typescript-user", chats: [{ chatId: chat }] };
const ticket = await api.issueTicket({ client: platform, body: watched, throwOnError: true });
assert.match(ticket.data.data.ticket, /^[0-9a-f]{64}$/);
assert(ticket.data.data.url.startsWith("ws://"));

const messageId = "typescript";
const recalled = await api.recallMessage({ client: partner, body: { messageId }, throwOnError: true });
assert.deepEqual(recalled.data, { code: 200, message: "success" });
const unknownMessage = await api.recallMessage({ client: partner, body: { messageId: "nothing" } });
assert.deepEqual(unknownMessage.error, { code: 404, message: "message does not exist" });

// The user read the message before the recall, so it counts as read.
const status = await api.getPushStatus({ client: partner, query: { messageId }, throwOnError: true });
assert.deepEqual([status.data.data.read, status.data.data.recalled], [1, 0]);

const unknown = await api.getUserInfo({ client: partner, query: { clientId: "nobody" } });
assert.deepEqual(unknown.error, { status: -1, errcode: 46004, message: "user does not exist" });

const revoked = await api.revokeToken({ client, body: { token }, throwOnError: true });
assert.deepEqual(revoked.data, {});
// A revoked token is refused at once: `local` has no authorizer cache.
const refused = await api.getPushStatus({ client: partner, query: { messageId } });
assert.deepEqual(refused.error, { code: 400, message: "check access_token error" });

const generated = Object.entries(endpoints).filter(([, value]) => typeof value === "function").map(([name]) => name);
assert.deepEqual(generated.filter((name) => !called.has(name)), []);
console.log(`TypeScript: all ${generated.length} endpoints`);
