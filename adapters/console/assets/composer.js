// The message box: Enter sends, a slash opens the commands, and a text that was not accepted stays.
import { el } from "./message.js";
import { texts } from "./texts.js";

const at = (id) => document.getElementById(id);

/** `send(text, replyTo, key)` resolves when accepted and throws a Problem otherwise. */
export function composer(send) {
  const [form, text, button, menu, hint, problem] = ["form", "text", "send", "menu", "hint", "problem"].map(at);
  const [replying, replyingTo] = [at("replying"), at("replying-to")];
  let commands = [];
  let shown = [];
  let chosen = 0;
  let dismissed = false;
  let busy = false;
  let replyTo = null;
  let longest = Infinity;
  let store = "draft";
  // One key for one draft: sent again after a lost answer, it is still the same message.
  let key = null;
  let keyFor = null;

  const grow = () => {
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, innerHeight * 0.4)}px`;
  };

  const say = (sentence, link) => {
    problem.replaceChildren();
    problem.hidden = !sentence;
    if (!sentence) return;
    problem.append(sentence);
    if (link) {
      const a = el("a", "", link);
      a.href = "/";
      problem.append(" ", a);
    }
  };

  const setReply = (message) => {
    replyTo = message?.id ?? null;
    replying.hidden = !message;
    replyingTo.textContent = message?.summary ?? "";
    if (message) text.focus();
  };

  const closeMenu = () => {
    menu.hidden = true;
    shown = [];
    text.setAttribute("aria-expanded", "false");
    text.removeAttribute("aria-activedescendant");
  };

  const mark = () => {
    [...menu.children].forEach((row, place) => {
      row.setAttribute("aria-selected", String(place === chosen));
      if (place === chosen) {
        text.setAttribute("aria-activedescendant", row.id);
        row.scrollIntoView({ block: "nearest" });
      }
    });
  };

  const complete = () => {
    const command = shown[chosen];
    text.value = `/${command.word}${command.arguments ? " " : ""}`;
    closeMenu();
    changed();
  };

  const suggest = () => {
    const line = text.value;
    const word = /^\/([a-z0-9_]*)$/i.exec(line);
    const known = /^\/([a-z0-9_]+)(\s|$)/i.exec(line);
    const command = known && commands.find((one) => one.word === known[1].toLowerCase());
    hint.hidden = !command;
    if (command) hint.replaceChildren(el("code", "", command.synopsis), ` ${command.summary}. `, el("span", "muted", texts.example(command.example)));
    shown = word && !dismissed ? commands.filter((one) => one.word.startsWith(word[1].toLowerCase())) : [];
    if (!shown.length || (shown.length === 1 && command)) return closeMenu();
    chosen = 0;
    menu.replaceChildren(...shown.map((one, place) => {
      const row = el("div", "choice", el("b", "", `/${one.word}`), el("span", "", one.summary));
      row.id = `choice-${place}`;
      row.setAttribute("role", "option");
      // Not the click: it would come after the box has lost the focus.
      row.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        chosen = place;
        complete();
        text.focus();
      });
      return row;
    }));
    menu.hidden = false;
    hint.hidden = true;
    text.setAttribute("aria-expanded", "true");
    mark();
  };

  const changed = () => {
    grow();
    suggest();
    sessionStorage.setItem(store, text.value);
  };

  const submit = async () => {
    const value = text.value.trim();
    if (!value || busy) return;
    if ([...value].length > longest) return say(texts.tooLong(longest));
    const draft = JSON.stringify([store, value, replyTo]);
    if (keyFor !== draft) {
      key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      keyFor = draft;
    }
    busy = true;
    button.disabled = true;
    text.readOnly = true;
    button.textContent = texts.sending;
    say("");
    closeMenu();
    try {
      await send(value, replyTo, key);
      text.value = "";
      keyFor = null;
      setReply(null);
      changed();
    } catch (error) {
      if (error.status === 401) say(texts.signInAgain, texts.signIn);
      else say(error.message);
    } finally {
      busy = false;
      button.disabled = false;
      text.readOnly = false;
      button.textContent = texts.send;
      text.focus();
    }
  };

  text.addEventListener("input", () => { dismissed = false; changed(); });
  text.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const open = !menu.hidden;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length;
      mark();
    } else if (open && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      complete();
    } else if (open && event.key === "Escape") {
      dismissed = true;
      closeMenu();
    } else if (!open && event.key === "Escape" && replyTo) {
      setReply(null);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      const whole = shown.some((one) => `/${one.word}` === text.value.trim().toLowerCase());
      if (open && !whole) complete();
      else submit();
    }
  });
  text.addEventListener("blur", closeMenu);
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  at("no-reply").addEventListener("click", () => { setReply(null); text.focus(); });

  return {
    reply: setReply,
    problem: say,
    setCommands(list) { commands = list; },
    /** Another room: its own draft. */
    open(room, most) {
      store = `draft:${room}`;
      longest = most;
      setReply(null);
      say("");
      text.value = sessionStorage.getItem(store) ?? "";
      changed();
      if (matchMedia("(pointer: fine)").matches) text.focus();
    },
  };
}
