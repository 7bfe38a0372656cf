// Makes the elements of one message. Text goes in as text only: nothing here parses markup.
import { texts } from "./texts.js";

export function el(name, className, ...children) {
  const node = document.createElement(name);
  if (className) node.className = className;
  for (const child of children) if (child !== null && child !== undefined) node.append(child);
  return node;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

export function dayOf(at) {
  const date = new Date(at);
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const days = Math.ceil((midnight - date) / 86400000);
  if (days <= 0) return texts.today;
  return days === 1 ? texts.yesterday : longDay.format(date);
}

function time(at) {
  const node = el("time", "", clock.format(new Date(at)));
  node.dateTime = at;
  node.title = `${at.replace("T", " ").replace(/(\.\d+)?Z$/, "")} UTC`;
  return node;
}

function nameOf(who, me) {
  if (who === null) return texts.bot;
  return who === me ? texts.you : who;
}

/** `quoted(id)` finds the message that is answered; `act` has reply, jump, press. */
export function render(message, me, quoted, act) {
  const own = message.who !== null;
  const item = el("article", `message ${own ? "said" : "posted"}${message.private ? " private" : ""}`);
  item.id = `m-${message.id}`;
  item.tabIndex = -1;
  const meta = el("div", "meta", el("span", "who", nameOf(message.who, me)), time(message.at));
  if (message.edited && !message.removed) {
    const edited = el("span", "note", texts.edited);
    edited.title = message.edited;
    meta.append(edited);
  }
  if (message.private) meta.append(el("span", "note", texts.onlyYou));
  if (!message.removed) {
    const reply = el("button", "reply plain", texts.reply);
    reply.type = "button";
    reply.setAttribute("aria-label", texts.replyTo(message.summary));
    reply.addEventListener("click", () => act.reply(message));
    meta.append(reply);
  }
  item.append(meta);

  const card = el("div", "card");
  if (message.reply_to) card.append(quote(quoted(message.reply_to), message.reply_to, me, act));
  if (message.removed) card.append(el("p", "gone", texts.removed));
  else if (own) card.append(el("p", message.text.startsWith("/") ? "text command" : "text", message.text));
  else for (const block of message.blocks) card.append(blockOf(block, message, act));
  item.append(card);
  return item;
}

function quote(original, id, me, act) {
  const who = original ? nameOf(original.who, me) : "";
  const summary = original ? (original.removed ? texts.removed : original.summary) : texts.earlier;
  const node = el("button", "quote", who ? el("b", "", who) : null, el("span", "", summary));
  node.type = "button";
  node.title = texts.jump;
  node.disabled = !original;
  node.addEventListener("click", () => act.jump(id));
  return node;
}

function blockOf(block, message, act) {
  switch (block.kind) {
    case "heading": return el("h2", "", block.text);
    case "paragraph": return el("p", "", ...block.spans.map(span));
    case "list": return el("ul", "", ...block.items.map((item) => el("li", "", ...item.map(span))));
    case "code": return code(block);
    case "table": return table(block);
    case "evidence": return evidence(block);
    case "image": return image(block);
    case "file": return file(block);
    case "buttons": return buttons(block, message, act);
    default: return el("p", "gone", `${block.kind}?`);
  }
}

function span(part) {
  switch (part.style) {
    case "strong": return el("strong", "", part.text);
    case "muted": return el("span", "muted", part.text);
    case "code": return el("code", "", part.text);
    case "link": {
      const link = el("a", "", part.text);
      link.href = part.url;
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      return link;
    }
    default: return document.createTextNode(part.text);
  }
}

function code(block) {
  const pre = el("pre", block.language === "diff" ? "diff" : "");
  pre.tabIndex = 0;
  if (block.language === "diff") for (const line of block.text.split("\n")) pre.append(el("span", diffClass(line), `${line}\n`));
  else pre.append(block.text);
  const wrap = el("div", "code", pre);
  if (navigator.clipboard) {
    const copy = el("button", "copy plain", texts.copy);
    copy.type = "button";
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(block.text);
        copy.textContent = texts.copied;
        setTimeout(() => { copy.textContent = texts.copy; }, 1500);
      } catch {
        copy.remove();
      }
    });
    wrap.append(copy);
  }
  return wrap;
}

function diffClass(line) {
  if (line.startsWith("+++") || line.startsWith("---")) return "line path";
  if (line.startsWith("@@")) return "line hunk";
  if (line.startsWith("+")) return "line added";
  if (line.startsWith("-")) return "line dropped";
  return "line";
}

function table(block) {
  const head = el("thead", "", el("tr", "", ...block.header.map((name) => {
    const cell = el("th", "", name);
    cell.scope = "col";
    return cell;
  })));
  const numeric = block.header.map((_, place) => block.rows.every((row) => /^[\d.,%]*$/.test(row[place] ?? "")));
  const body = el("tbody", "", ...block.rows.map((row) =>
    el("tr", "", ...row.map((text, place) => el("td", numeric[place] ? "number" : "", text)))));
  head.querySelectorAll("th").forEach((cell, place) => cell.classList.toggle("number", numeric[place] && block.rows.length > 0));
  const wrap = el("div", "table", el("table", "", block.header.length ? head : null, body));
  wrap.tabIndex = 0;
  return wrap;
}

function evidence(block) {
  return el("dl", "evidence", ...block.readings.map(([field, value]) =>
    el("div", "", el("dt", "", ...breakable(field)), el("dd", "", value))));
}

/** A field path breaks after its dots and slashes, not inside a word. */
function breakable(path) {
  return path.split(/(?<=[./])/).flatMap((part, place) => (place ? [el("wbr"), part] : [part]));
}

function image(block) {
  const picture = el("img");
  picture.src = block.href;
  picture.alt = block.alt;
  picture.loading = "lazy";
  const link = el("a", "", picture);
  link.href = block.href;
  link.target = "_blank";
  link.rel = "noopener";
  return el("figure", "", link, el("figcaption", "muted", block.alt));
}

function file(block) {
  const link = el("a", "file", el("span", "", block.name), el("span", "muted", texts.bytes(block.size)));
  link.href = block.href;
  link.download = block.name;
  return link;
}

function buttons(block, message, act) {
  const row = el("div", "buttons");
  for (const button of block.buttons) {
    const node = el("button", button.style, button.label);
    node.type = "button";
    node.addEventListener("click", () => {
      // A button that changes a cluster decides for the whole row; the others only for themselves.
      const locked = button.style === "danger" ? [...row.children].filter((other) => !other.disabled) : [node];
      for (const other of locked) other.disabled = true;
      node.classList.add("pressed");
      act.press(message, button.token).then((done) => {
        node.classList.remove("pressed");
        if (done) node.textContent = texts.pressed(button.label);
        else for (const other of locked) other.disabled = false;
      });
    });
    row.append(node);
  }
  return row;
}
