// The page: rooms, the list of messages, and what holds them together.
import { composer } from "./composer.js";
import { dayOf, el, render } from "./message.js";
import { follow, request } from "./server.js";
import { texts } from "./texts.js";

const at = (id) => document.getElementById(id);
const [scroller, list, working, newer, connection] = ["scroller", "messages", "working", "newer", "connection"].map(at);
const WORKING = 12000;

let me = null;
let room = null;
let stream = null;
let ready = false;
let messages = new Map();
let unread = 0;
let quiet = null;
let title = document.title;

const box = composer((text, reply_to, key) => request(`/rooms/${room.id}/messages`, { text, reply_to, key }));

const isAtBottom = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
/** The newest in sight; a report that is taller than the window from its first line, which says what is wrong. */
const toNewest = () => {
  const last = list.lastElementChild;
  if (last?.classList.contains("posted") && last.offsetHeight > scroller.clientHeight) {
    scroller.scrollTop = last.offsetTop - scroller.offsetTop - 12;
    newer.hidden = true;
  } else toBottom();
};
const toBottom = () => { scroller.scrollTop = scroller.scrollHeight; newer.hidden = true; };

const act = {
  reply: (message) => box.reply(message),
  jump(id) {
    const node = at(`m-${id}`);
    if (!node) return;
    node.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    node.focus({ preventScroll: true });
    node.classList.add("found");
    setTimeout(() => node.classList.remove("found"), 2000);
  },
  async press(message, token) {
    try {
      await request(`/rooms/${room.id}/press`, { message: message.id, token });
      box.problem("");
      return true;
    } catch (problem) {
      if (problem.status === 401) box.problem(texts.signInAgain, texts.signIn);
      else box.problem(problem.status === 0 ? texts.pressNotReached : problem.message);
      return false;
    }
  },
};

function show(kind, message) {
  const stay = isAtBottom();
  const node = render(message, me, (id) => messages.get(id), act);
  const old = at(node.id);
  const known = messages.has(message.id);
  messages.set(message.id, message);
  node.dataset.place = message.place;
  node.dataset.day = dayOf(message.at);
  if (old) {
    const focused = old.contains(document.activeElement);
    old.replaceWith(node);
    if (focused) node.focus({ preventScroll: true });
  } else {
    // Nearly always the last; an edit of the past, or two writers at once, find their place.
    let before = null;
    for (let one = list.lastElementChild; one; one = one.previousElementSibling) {
      if (one.dataset.place && Number(one.dataset.place) < message.place) break;
      before = one;
    }
    list.insertBefore(node, before);
  }
  days(node);
  at("empty").hidden = true;
  if (message.who === null) setWorking(false);
  if (!ready) return;
  if (!known && (stay || message.who === me)) toNewest();
  else if (stay) toBottom();
  else if (!known) newer.hidden = false;
  if (!known && message.who !== me && document.hidden) {
    unread += 1;
    document.title = texts.unread(unread, title);
  }
}

/** A line above the first message of each day. */
function days(node) {
  const before = node.previousElementSibling;
  if (before?.classList.contains("day")) {
    if (before.textContent === node.dataset.day) return;
  } else if (before?.dataset.day === node.dataset.day) return;
  node.before(el("div", "day", node.dataset.day));
  node.previousElementSibling.dataset.day = node.dataset.day;
}

function setWorking(on) {
  const stay = isAtBottom();
  clearTimeout(quiet);
  working.hidden = !on;
  if (on) quiet = setTimeout(() => { working.hidden = true; }, WORKING);
  if (stay) toBottom();
}

function setState(state) {
  if (state === "connected" && connection.dataset.state === "reconnecting") box.problem("");
  connection.textContent = texts[state];
  connection.dataset.state = state;
  if (state === "signedOut") box.problem(texts.signInAgain, texts.signIn);
}

function clear() {
  messages = new Map();
  list.replaceChildren();
  ready = false;
  list.setAttribute("aria-busy", "true");
  list.setAttribute("aria-live", "off");
}

function open(next) {
  stream?.close();
  room = next;
  clear();
  setWorking(false);
  newer.hidden = true;
  title = `${room.title} · roundsman`;
  document.title = title;
  for (const tab of at("rooms").children) tab.toggleAttribute("aria-current", tab.dataset.room === room.id);
  setState("connecting");
  stream = follow(room.id, {
    message: show,
    working: () => setWorking(true),
    state: setState,
    reset: clear,
    ready() {
      if (ready) return;
      ready = true;
      list.setAttribute("aria-busy", "false");
      // Only what comes from now on is read out.
      list.setAttribute("aria-live", "polite");
      at("empty").textContent = texts.empty;
      at("empty").hidden = messages.size > 0;
      toNewest();
    },
  });
}

async function start() {
  let session;
  try {
    session = await request("/session");
    box.setCommands(await request("/commands"));
  } catch (problem) {
    if (problem.status === 401) return location.replace("/");
    setState("reconnecting");
    return setTimeout(start, 1500);
  }
  me = session.name;
  at("person").textContent = me;
  if (!session.rooms.length) {
    at("empty").textContent = texts.noRoom(me);
    at("empty").hidden = false;
    at("form").hidden = true;
    connection.hidden = true;
    return;
  }
  if (session.rooms.length > 1) {
    at("rooms").replaceChildren(...session.rooms.map((one) => {
      const tab = el("a", "", one.title);
      tab.href = `#${one.id}`;
      tab.dataset.room = one.id;
      return tab;
    }));
  } else {
    at("title").textContent = session.rooms[0].title;
  }
  at("links").replaceChildren(...session.links.map((one) => {
    const link = el("a", "", one.title);
    link.href = one.id;
    return link;
  }));
  const choose = () => {
    const next = session.rooms.find((one) => `#${one.id}` === location.hash) ?? session.rooms[0];
    if (next.id === room?.id) return;
    open(next);
    box.open(next.id, session.longest);
  };
  addEventListener("hashchange", choose);
  choose();
}

scroller.addEventListener("scroll", () => { if (isAtBottom()) newer.hidden = true; }, { passive: true });
// A taller message box, a phone's keyboard or a picture that has loaded must not push the last message out of sight.
let pinned = true;
scroller.addEventListener("scroll", () => { pinned = isAtBottom(); }, { passive: true });
new ResizeObserver(() => { if (pinned) toBottom(); }).observe(scroller);
list.addEventListener("load", () => { if (pinned) toBottom(); }, true);
newer.addEventListener("click", toBottom);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
});
at("sign-out").addEventListener("click", async () => {
  try {
    await request("/sign-out", {});
  } catch (problem) {
    if (problem.status !== 401) return box.problem(problem.message);
  }
  location.replace("/");
});
start();
