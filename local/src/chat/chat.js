// Both sides of the service in one page: a user's window, and a partner's forms. Everything goes through the APIs.

import { TIMES, watch } from "./socket.js";

const FEED_LENGTH = 100;
const tokens = document.body.dataset;
const byId = (id) => document.getElementById(id);

/** The times of the page. A parameter of its URL replaces one of the same name: `/chat?late=2000&read=10000`. */
const times = { ...TIMES };
for (const [name, value] of new URLSearchParams(location.search)) {
  if (name in times && Number(value) > 0) times[name] = Number(value);
}

const wait = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

async function call(token, method, path, { query = {}, body } = {}) {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value) url.searchParams.set(name, value);
  }
  const headers = { Authorization: `Bearer ${token}` };
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  return { ok: response.ok, answer: await response.json() };
}

const platform = (method, path, parts) => call(tokens.platform, method, `/chatbot/api/platform/${path}`, parts);

/** The data of a success. Throws the message of an error. */
function dataOf({ ok, answer }) {
  if (!ok) throw new Error(answer.message);
  return answer.data;
}

/** An element with these properties and children; text stays text. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** A link that only ever opens http and https. */
function link(text, href) {
  const allowed = URL.canParse(href) && ["http:", "https:"].includes(new URL(href).protocol);
  if (!allowed) return element("span", {}, text);
  return element("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
}

// ---------------------------------------------------------------------------------------------------- the user's side

/** Ends with the login. */
let session = new AbortController();

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  session.abort();
  session = new AbortController();
  const form = new FormData(event.target);
  const here = {
    id: form.get("userId").trim(),
    chat: form.get("chatId").trim(),
    after: "",
    shown: new Set(),
    signal: session.signal,
  };
  byId("news").hidden = true;
  byId("pending").replaceChildren();
  byId("chat").replaceChildren();
  try {
    const body = { userId: here.id, clientId: here.id, hostIp: "127.0.0.1", userAgent: navigator.userAgent, channelName: "demo" };
    const page = dataOf(await platform("POST", "user/login", { body }));
    if (here.signal.aborted) return;
    byId("session").textContent = `${here.id} is logged in.`;
    follow(here, page);
  } catch (error) {
    if (!here.signal.aborted) byId("session").textContent = error.message;
  }
});

/** Shows the first page of pending messages, and everything new until the next login. */
function follow(here, page) {
  let first = page;
  const news = newsOf(here);
  watch({
    ticket: async () => dataOf(await platform("POST", "user/ticket", { body: { userId: here.id, chats: [{ chatId: here.chat }] } })),
    onInbox: news.telling(async () => {
      const pending = first ?? (await pendingMessages(here));
      first = null;
      await show(here, pending);
    }),
    onChat: news.telling(() => lookAtChat(here)),
    onState: news.setState,
    signal: here.signal,
    times,
  });
}

/** The line that tells how the page learns of new messages. */
function newsOf(here) {
  const line = byId("news");
  const texts = {
    socket: "The socket signals new messages.",
    polling: `There is no socket: the page polls every ${times.poll / 1000} s.`,
  };
  const tell = (text) => {
    // A screen reader reads each change.
    if (here.signal.aborted || (line.textContent === text && !line.hidden)) return;
    line.textContent = text;
    line.hidden = false;
  };
  return {
    setState(state) {
      line.dataset.state = state;
      tell(texts[state]);
    },
    /** A reading that also tells whether it succeeds. */
    telling: (read) => async () => {
      try {
        await read();
        tell(texts[line.dataset.state]);
      } catch (error) {
        tell(`New messages cannot be read: ${error.message}`);
        throw error;
      }
    },
  };
}

async function pendingMessages(here, cursor = "") {
  return dataOf(await platform("GET", "message/pending", { query: { userId: here.id, cursor } }));
}

/** Shows a page of pending messages and the pages after it, and acknowledges them. A page may be empty and not the last one. */
async function show(here, { messages, cursor }) {
  if (here.signal.aborted) return;
  // A message is still pending if its acknowledgement failed.
  const unseen = messages.filter(({ ackId }) => !here.shown.has(ackId));
  for (const message of unseen) {
    here.shown.add(message.ackId);
    byId("pending").append(pendingItem(here, message));
  }
  if (messages.length > 0) dataOf(await acknowledge(here, messages, "delivered"));
  if (cursor) await show(here, await pendingMessages(here, cursor));
}

function pendingItem(here, message) {
  // The only markup from outside: HTML that the service has sanitized.
  const content = element("div", { className: "content", innerHTML: message.safeContent });
  const about = `${message.appId} · ${message.acceptedAt}`;
  const button = element("button", { type: "button" }, "Mark as read");
  button.addEventListener("click", async () => {
    button.disabled = true;
    const { ok } = await acknowledge(here, [message], "read");
    button.textContent = ok ? "Read" : "Mark as read";
    button.disabled = ok;
  });
  const item = element("li", {}, content, element("small", {}, about), button);
  item.dataset.message = message.messageId;
  return item;
}

function acknowledge(here, messages, state) {
  const ackIds = messages.map(({ ackId }) => ackId);
  return platform("POST", "message/ack", { body: { userId: here.id, ackIds, state } });
}

/** Shows the new messages of the chat. */
async function lookAtChat(here) {
  // The first answer starts with the newest messages; `after` goes on from there.
  const query = { chatId: here.chat, after: here.after, latest: "true" };
  const { messages, state, agent, after } = dataOf(await platform("GET", "chat/messages", { query }));
  if (here.signal.aborted) return;
  here.after = after;
  byId("state").textContent = state === "human" ? `human: ${agent}` : "robot";
  if (messages.length === 0) return;
  const list = byId("chat");
  list.append(...messages.map(chatItem));
  list.scrollTop = list.scrollHeight;
  // An answer may have a part of them.
  await lookAtChat(here);
}

function chatItem(message) {
  const speaker = message.from === "user" ? `You, ${message.seq}` : message.fromuser;
  const item = element("li", {}, ...chatContent(message), element("small", {}, `${speaker} ${message.receivedAt}`));
  item.dataset.msgtype = message.msgtype;
  if (message.from) item.dataset.from = message.from;
  if (message.msgtype === "event") item.className = "notice";
  return item;
}

const EVENTS = {
  begin: "A human takes over.",
  end: "Back to the robot.",
  request: "The user asks for a human.",
  close: "The user leaves.",
};

function chatContent(message) {
  switch (message.msgtype) {
    case "event":
      return [EVENTS[message.eventType] ?? message.eventType];
    case "text":
      return [message.text.content];
    case "image":
      return [element("img", { src: message.image.image_url, alt: `Image: ${message.image.image_url}` })];
    case "file":
      return [link(message.file.file_name, message.file.file_url)];
    case "evaluate": {
      const button = element("button", { type: "button" }, "Rate the service");
      button.addEventListener("click", () => link("", message.url).click());
      return [button];
    }
    default:
      return [message.msgtype];
  }
}

byId("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { content } = event.target.elements;
  if (await say({ msgtype: "text", text: { content: content.value } })) content.value = "";
});

for (const button of byId("say").querySelectorAll("[type=button]")) {
  button.addEventListener("click", () => say({ msgtype: "event", eventType: button.value }));
}

/** Sends a message of the user under an id of its own. Whether it is stored. */
async function say(message) {
  const form = byId("login").elements;
  const body = { chatId: form.chatId.value, clientId: form.userId.value, messageId: freshId(), ...message };
  const { ok, answer } = await platform("POST", "chat/message", { body });
  if (!ok) byId("session").textContent = answer.message;
  return ok;
}

let lastId = 0;

/** An id that this page has not used. A program also repeats a call that was not answered, under the same id. */
function freshId() {
  lastId = Math.max(lastId + 1, Date.now());
  return `page-${lastId}`;
}

// ------------------------------------------------------------------------------------------------- the partner's side

/** Polls the feed of source 1, from the oldest message that is kept. */
async function readFeed() {
  let cursor = "";
  while (true) {
    try {
      const query = { source: "1", cursor };
      const { ok, answer } = await call(tokens.customerService, "GET", "/chatbot/servlet/third/msg/sync", { query });
      if (ok) {
        cursor = answer.cursor;
        showInFeed(answer.list);
        if (answer.list.length > 0) continue;
      }
    } catch {
      // The user's side tells that the service does not answer.
    }
    await wait(times.poll);
  }
}

/** Appends messages to the shown feed, which keeps the newest ones. */
function showInFeed(messages) {
  if (messages.length === 0) return;
  const list = byId("feed");
  list.append(...messages.map(feedItem));
  while (list.childElementCount > FEED_LENGTH) list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
}

function feedItem(message) {
  return element("li", {}, ...chatContent(message), element("small", {}, `${message.openId} · ${message.seq} · ${message.time}`));
}

readFeed();

byId("push").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = Object.fromEntries(new FormData(form));
  tell(await call(tokens.messagePush, "POST", "/chatbot/api/front/thirdParty/message/push", { body }));
});

byId("recall").addEventListener("click", async () => {
  const body = { messageId: byId("push").elements.messageId.value };
  tell(await call(tokens.messagePush, "POST", "/chatbot/api/front/thirdParty/message/recall", { body }));
});

byId("ask-status").addEventListener("click", async () => {
  const query = { messageId: byId("push").elements.messageId.value };
  tell(await call(tokens.messagePush, "GET", "/chatbot/api/front/thirdParty/message/status", { query }));
});

byId("receive").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { kind, fromuser, content, fileName, url } = Object.fromEntries(new FormData(event.target));
  const touser = byId("login").elements.chatId.value;
  const body = {
    begin: { msgtype: "event", eventType: "begin" },
    end: { msgtype: "event", eventType: "end" },
    evaluate: { msgtype: "evaluate", url },
    text: { msgtype: "text", text: { content } },
    image: { msgtype: "image", image: { image_url: url } },
    file: { msgtype: "file", file: { file_name: fileName, file_url: url } },
  }[kind];
  const query = { source: "1" };
  const path = "/chatbot/servlet/third/msg/receive";
  tell(await call(tokens.customerService, "POST", path, { query, body: { touser, fromuser, ...body } }));
});

function tell({ answer }) {
  const line = `${JSON.stringify(answer, null, 1)}\n`;
  byId("answers").textContent = line + byId("answers").textContent;
}

/** Shows the fields that the chosen kind of message has. */
function chooseFields() {
  const form = byId("receive");
  for (const label of form.querySelectorAll("[data-for]")) {
    label.hidden = !label.dataset.for.split(" ").includes(form.elements.kind.value);
  }
}

byId("receive").elements.kind.addEventListener("change", chooseFields);
chooseFields();

byId("push").elements.messageId.value = `message-${Date.now()}`;
byId("receive").elements.url.value = `${location.origin}/chat/picture.svg`;
