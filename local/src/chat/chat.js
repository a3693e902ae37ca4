// Both sides of the service in one page: a user's window, and a partner's forms. Everything goes through the APIs.

const POLL_MS = 1000;
const FEED_LENGTH = 100;
const tokens = document.body.dataset;
const byId = (id) => document.getElementById(id);

/** Whoever is logged in; null before. */
let user = null;

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

byId("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const here = { id: form.get("userId").trim(), chat: form.get("chatId").trim(), after: "" };
  const { ok, answer } = await platform("POST", "user/login", {
    body: { userId: here.id, clientId: here.id, hostIp: "127.0.0.1", userAgent: navigator.userAgent, channelName: "demo" },
  });
  byId("pending").replaceChildren();
  byId("chat").replaceChildren();
  user = ok ? here : null;
  byId("session").textContent = ok ? `${here.id} is logged in.` : answer.message;
  if (ok) {
    await show(here, answer.data);
    watch(here);
  }
});

/** Polls inbox and chat until somebody else logs in. */
async function watch(here) {
  while (user === here) {
    try {
      await Promise.all([lookForMessages(here), lookAtChat(here)]);
    } catch (error) {
      byId("session").textContent = `The service does not answer: ${error.message}`;
    }
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
}

async function lookForMessages(here, cursor = "") {
  const { ok, answer } = await platform("GET", "message/pending", { query: { userId: here.id, cursor } });
  if (ok) await show(here, answer.data);
}

/** Shows a page of pending messages and the pages after it, and acknowledges them. A page may be empty and not the last one. */
async function show(here, { messages, cursor }) {
  if (user !== here) return;
  for (const message of messages) byId("pending").append(pendingItem(here, message));
  if (messages.length > 0) await acknowledge(here, messages, "delivered");
  if (cursor) await lookForMessages(here, cursor);
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

async function lookAtChat(here) {
  // The first poll starts with the newest messages; `after` goes on from there.
  const query = { chatId: here.chat, after: here.after, latest: "true" };
  const { ok, answer } = await platform("GET", "chat/messages", { query });
  if (!ok || user !== here) return;
  const { messages, state, agent, after } = answer.data;
  here.after = after;
  byId("state").textContent = state === "human" ? `human: ${agent}` : "robot";
  if (messages.length === 0) return;
  const list = byId("chat");
  list.append(...messages.map(chatItem));
  list.scrollTop = list.scrollHeight;
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
    await new Promise((resume) => setTimeout(resume, POLL_MS));
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
