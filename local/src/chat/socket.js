// Finds out when a user has new messages: by the signals of a socket, and by polling while there is no socket.
// A signal has no content, and may be lost. The messages come from the REST endpoints.

import { reader } from "./reader.js";

/** In milliseconds. */
export const TIMES = {
  /** From a reading to the next one without a socket, and to the repetition of one that fails. */
  poll: 1000,
  /** From the signal of a chat to another reading of it. A chat gives some messages up to 15 s late. */
  late: 20_000,
  /** From a reading to the next one with a socket: it makes lost signals good. API Gateway ends a socket after 10 idle minutes. */
  read: 300_000,
  /** From a ping, which each periodic reading sends, to the close of a socket on which no message followed. */
  silence: 30_000,
  /** From the end of a socket, or its refusal, to the next try. It doubles with each try. */
  retry: 1000,
  /** The longest time to the next try. */
  longestRetry: 300_000,
  /** A socket that was open for this time starts `retry` anew. */
  lasting: 60_000,
};

const PING = JSON.stringify({ action: "ping" });

/**
 * Calls `onInbox` and `onChat` to read the inbox and the chat, each one call at a time, until `signal` is aborted. One that
 * throws is repeated. `ticket` returns the `data` of a new ticket. `onState` gets "socket" when a socket is open, and
 * "polling" at first and when there is none.
 */
export async function watch({ ticket, onInbox, onChat, onState, signal, times = TIMES }) {
  const readInbox = reader(onInbox, times.poll, signal);
  const readChat = reader(onChat, times.poll, signal);
  const readBoth = () => {
    readInbox();
    readChat();
  };

  let periodic;
  /** Reads both now, and calls `act` in each period from now on. */
  const enter = (state, period, act) => {
    clearInterval(periodic);
    periodic = setInterval(act, period);
    onState(state);
    readBoth();
  };
  signal.addEventListener("abort", () => clearInterval(periodic));
  const poll = () => enter("polling", times.poll, readBoth);

  let silence;
  const onOpen = (socket) => {
    enter("socket", times.read, () => {
      readBoth();
      socket.send(PING);
      clearTimeout(silence);
      silence = setTimeout(() => socket.close(), times.silence);
    });
  };

  const onMessage = (text) => {
    clearTimeout(silence);
    switch (typeOf(text)) {
      case "inbox":
        readInbox();
        break;
      case "chat":
        readChat();
        setTimeout(readChat, times.late);
        break;
      default:
      // A pong, or a message of a later version.
    }
  };

  let retry = times.retry;
  poll();
  while (!signal.aborted) {
    const lasted = await connect({ ticket, onOpen, onMessage, signal });
    if (signal.aborted) return;
    if (lasted !== null) poll();
    if (lasted >= times.lasting) retry = times.retry;
    // Clients that lost their sockets at the same time come back at different times.
    const jitter = 0.5 + Math.random() / 2;
    await new Promise((resume) => setTimeout(resume, retry * jitter));
    retry = Math.min(2 * retry, times.longestRetry);
  }
}

/** Opens a socket with a new ticket. At its end: the milliseconds for which it was open, or null if it was refused. */
async function connect({ ticket, onOpen, onMessage, signal }) {
  let socket;
  try {
    const given = await ticket();
    if (signal.aborted) return null;
    socket = new WebSocket(`${given.url}?ticket=${given.ticket}`);
  } catch {
    return null;
  }
  const close = () => socket.close();
  signal.addEventListener("abort", close);
  let openedAt = null;
  return new Promise((resolve) => {
    socket.onopen = () => {
      openedAt = performance.now();
      onOpen(socket);
    };
    socket.onmessage = ({ data }) => onMessage(data);
    socket.onclose = () => {
      signal.removeEventListener("abort", close);
      resolve(openedAt === null ? null : performance.now() - openedAt);
    };
  });
}

/** The type of a message; undefined if it has none. */
function typeOf(text) {
  try {
    return JSON.parse(text)?.type;
  } catch {
    return undefined;
  }
}
