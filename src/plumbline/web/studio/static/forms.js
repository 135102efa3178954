// The seven forms. Each takes the page, what was given, whom to tell of a change, and how to ask the
// server (tried) and to speak (say); it offers
//   get()  what is said so far, in the words of the API      set(body)  show that again
//   lacks()  a sentence on what is missing, or ""            acts  what buttons with data-do do
//   key(event)  true where it was for the form; keys that press something stand in the page (data-key)

export const all = (root, what) => [...root.querySelectorAll(what)];
const picked = (root, name) => root.querySelector(`[name="${name}"]:checked`);
const pick = (root, name, value) => all(root, `[name="${name}"]`).forEach((one) => (one.checked = one.value === String(value)));
const ticked = (root, name) => root.querySelector(`[name="${name}"]`)?.checked ?? false;
const tick = (root, name, on) => all(root, `[name="${name}"]`).forEach((one) => (one.checked = Boolean(on)));
export const element = (tag, kind, text = "", ...inside) => {
  const made = Object.assign(document.createElement(tag), { className: kind, textContent: text });
  made.append(...inside);
  return made;
};
const long = (text) => [...text].length; // characters as the server counts them

function pair(root, given, changed) {
  const [a, b] = given.shown;
  const values = all(root, "[name=lean]").map((one) => Number(one.value));
  const strong = given.form.strength;
  const lean = () => (picked(root, "lean") ? Number(picked(root, "lean").value) : null);
  const step = (by) => values.filter((value) => (value - (lean() ?? 0)) * by > 0).at(by > 0 ? 0 : -1) ?? lean();
  return {
    get() {
      const now = lean();
      const tiers = now === null ? [] : now === 0 ? [[a, b]] : now < 0 ? [[a], [b]] : [[b], [a]];
      return { tiers, none: ticked(root, "none"), strength: strong && now ? Math.abs(now) : null };
    },
    set({ tiers = [], none = false, strength = null }) {
      const side = tiers.length === 1 ? 0 : tiers[0]?.[0] === a ? -1 : 1;
      pick(root, "lean", tiers.length ? side * (strong ? (strength ?? 1) : 1) : "");
      tick(root, "none", none);
    },
    lacks: () => (lean() === null && !ticked(root, "none") ? "Say which is better, or skip." : ""),
    key({ key }) {
      const side = { 1: -1, ArrowLeft: -1, 2: 1, ArrowRight: 1 }[key];
      if (!side) return false;
      pick(root, "lean", key.length > 1 || lean() * side > 0 ? step(side) : side);
      picked(root, "lean")?.focus({ preventScroll: true });
      changed();
      return true;
    },
  };
}

function thumb(root) {
  return {
    get: () => ({ good: picked(root, "good") && picked(root, "good").value === "yes" }),
    set: ({ good = null }) => pick(root, "good", good === null ? "" : good ? "yes" : "no"),
    lacks: () => (picked(root, "good") ? "" : "Say whether it is good, or skip."),
  };
}

function rating(root, given, changed) {
  const name = (axis, index) => `r${axis}-${index}`;
  const groups = given.form.axes.flatMap((_, axis) => given.shown.map((index) => name(axis, index)));
  const value = (group) => {
    const one = picked(root, group) ?? root.querySelector(`[name="${group}"][type=number]`);
    return one?.value ? Number(one.value) : null;
  };
  const put = (group, to) => {
    pick(root, group, to);
    for (const one of all(root, `[name="${group}"][type=number]`)) one.value = to ?? "";
  };
  const byIndex = (axis) => given.shown.map((_, index) => value(name(axis, index)));
  return {
    get: () => ({ scores: Object.fromEntries(given.form.axes.map((axis, i) => [axis.name, byIndex(i)])) }),
    set: ({ scores = {} }) =>
      given.form.axes.forEach((axis, i) => scores[axis.name]?.forEach((to, index) => put(name(i, index), to))),
    lacks: () => (groups.every((group) => value(group) !== null) ? "" : "Rate all of it, or skip."),
    key({ key, target }) {
      if (!/^\d$/.test(key)) return false;
      const here = groups.includes(target.name) ? target.name : groups.find((group) => value(group) === null);
      const one = here && root.querySelector(`[name="${here}"][value="${key}"]`);
      if (!one) return false;
      one.checked = true;
      const next = groups.slice(groups.indexOf(here) + 1).find((group) => value(group) === null) ?? here;
      (picked(root, next) ?? root.querySelector(`[name="${next}"]`)).focus();
      changed();
      return true;
    },
  };
}

function ranking(root, given, changed) {
  let [tiers, hand] = [[], null];
  const letter = (index) => String.fromCharCode(65 + given.shown.indexOf(index));
  const place = (index) => tiers.findIndex((tier) => tier.includes(index));
  const put = (index, row, join) => { // null: nowhere
    const rest = tiers.map((tier) => tier.filter((one) => one !== index));
    if (join) rest[row].push(index);
    else if (row !== null) rest.splice(row, 0, [index]);
    tiers = rest.filter((tier) => tier.length);
  };
  const moves = {
    up: (row, tied) => (tied || row > 0) && put(hand, tied ? row : row - 1),
    down: (row, tied) => put(hand, tied ? row + 1 : row + 2),
    tie: (row) => row > 0 && given.form.ties && put(hand, row - 1, true),
    leave: () => put(hand, null),
  };
  const changedTo = (index) => ((hand = index), show(), changed());
  const choose = (index) => (place(index) < 0 && tiers.push([index]), changedTo(index));
  const move = (how) => {
    if (hand !== null && place(hand) >= 0) moves[how](place(hand), tiers[place(hand)].length > 1);
    if (hand !== null) how === "leave" ? changedTo(hand) : choose(hand);
  };
  const chip = (index) => {
    const one = element("button", "chip", letter(index));
    one.dataset.index = index;
    return Object.assign(one, { type: "button", ariaLabel: `answer ${letter(index)}`, ariaPressed: index === hand });
  };
  const show = () => {
    const held = document.activeElement?.classList.contains("chip");
    root.querySelector("#board").replaceChildren(...tiers.map((tier) => element("li", "", "", ...tier.map(chip))));
    all(root, "#board li").forEach((line, row) => (line.dataset.row = row));
    const left = given.shown.filter((index) => place(index) < 0);
    const none = element("span", "soft", "all are ranked");
    root.querySelector("#tray").replaceChildren(...(left.length ? left.map(chip) : [none]));
    for (const card of all(root, ".answer")) {
      const row = place(Number(card.dataset.index));
      Object.assign(card.querySelector(".tag"), { hidden: row < 0, textContent: `${row + 1}.` });
      card.classList.toggle("chosen", Number(card.dataset.index) === hand);
    }
    const tied = tiers[place(hand)]?.filter((one) => one !== hand).map(letter).join(", ");
    const where = `${place(hand) + 1} of ${tiers.length}${tied ? `, tied with ${tied}` : ""}`;
    root.querySelector("#told").textContent = hand === null ? "" : `${letter(hand)}: ${place(hand) < 0 ? "left out" : where}`;
    if (held && hand !== null) root.querySelector(`.chip[data-index="${hand}"]`).focus();
  };
  for (const one of all(root, "[data-move]")) one.addEventListener("click", () => move(one.dataset.move));
  root.addEventListener("click", ({ target, detail }) => // 0: by keys
    detail === 0 && target.classList.contains("chip") && choose(Number(target.dataset.index)));
  dragged(root, given.form.ties, (index, where) => {
    if (!where) return choose(index);
    const row = Number(where.box.dataset.row ?? tiers.length) + (where.how === "below");
    put(index, where.box.id === "tray" ? null : row, where.how === "on");
    changedTo(index);
  });
  return {
    get: () => ({ tiers, none: ticked(root, "none"), strength: Number(picked(root, "strength")?.value) || null }),
    set(body) {
      tiers = body.tiers ?? [];
      tick(root, "none", body.none);
      pick(root, "strength", body.strength ?? "");
      show();
    },
    lacks: () => (tiers.flat().length > 1 || ticked(root, "none") ? "" : "Rank at least two answers, or skip."),
    key({ key }) {
      const how = { ArrowUp: "up", ArrowDown: "down", "=": "tie", "-": "leave" }[key];
      if (/^[1-9]$/.test(key) && Number(key) <= given.shown.length) choose(given.shown[Number(key) - 1]);
      else if (how && hand !== null) move(how);
      else return false;
      return true;
    },
  };
}

// Chips follow the pointer; `drop` hears where one was let go: the box under it, and whether above, on
// or below it (null: it was not moved).
function dragged(root, ties, drop) {
  const under = ({ clientX, clientY }) => {
    const boxes = document.elementsFromPoint(clientX, clientY).map((one) => one.closest("#board li, #board, #tray"));
    const box = boxes.find(Boolean);
    const { top, height } = box?.getBoundingClientRect() ?? {};
    const [part, edge] = [(clientY - top) / height, ties ? 0.25 : 0.5];
    return box && { box, how: box.tagName !== "LI" ? "" : part < edge ? "above" : part > 1 - edge ? "below" : "on" };
  };
  const light = (where) => {
    for (const one of all(root, "[data-aim]")) delete one.dataset.aim;
    if (where) where.box.dataset.aim = where.how;
  };
  root.addEventListener("pointerdown", ({ target: chip, button, pointerId, clientX, clientY }) => {
    if (!chip.classList.contains("chip") || button) return;
    let moved = false;
    chip.setPointerCapture(pointerId);
    chip.onpointermove = (event) => {
      const [x, y] = [event.clientX - clientX, event.clientY - clientY];
      moved ||= Math.hypot(x, y) > 6;
      chip.style.translate = moved ? `${x}px ${y}px` : "";
      light(moved && under(event));
    };
    chip.onpointerup = chip.onpointercancel = (event) => {
      chip.onpointermove = chip.onpointerup = chip.onpointercancel = null;
      chip.style.translate = "";
      light(null);
      const where = moved ? under(event) : null;
      if (event.type === "pointerup" && where !== undefined) drop(Number(chip.dataset.index), where);
    };
  });
}

function demonstration(root, given, changed) {
  const box = root.querySelector("#turns");
  const add = (content = "") => {
    const turn = root.querySelector("#turn").content.cloneNode(true);
    turn.querySelector(".role").textContent = box.children.length % 2 ? "user" : "assistant";
    turn.querySelector("textarea").value = content;
    box.append(turn);
  };
  const show = (turns) => {
    box.replaceChildren();
    for (const turn of turns.length ? turns : [{}]) add(turn.content);
    const count = Math.ceil(box.children.length / 2);
    for (const one of all(root, "[data-do=more]")) one.disabled = count >= given.form.turns;
    for (const one of all(root, "[data-do=less]")) one.disabled = count < 2;
  };
  const turn = (one, i) => ({ role: i % 2 ? "user" : "assistant", content: one.value });
  const get = () => ({ turns: all(box, "textarea").map(turn) });
  const again = (turns) => (show(turns), all(box, "textarea").at(-1).focus(), changed());
  return {
    get,
    set: ({ turns = [] }) => show(turns),
    lacks: () => (get().turns.every((turn) => turn.content.trim()) ? "" : "Write every turn, or skip."),
    acts: {
      more: () => again([...get().turns, { content: "" }, { content: "" }]),
      less: () => again(get().turns.slice(0, -2)),
    },
  };
}

function correction(root) {
  const field = root.querySelector("[name=text]");
  const show = () => compare(root, field.defaultValue, field.value);
  field.addEventListener("input", show);
  return {
    get: () => ({ text: field.value }),
    set: ({ text }) => show((field.value = text ?? field.defaultValue)),
    lacks: () => (field.value === field.defaultValue ? "Nothing is changed: correct it, or skip." : ""),
  };
}

function compare(root, before, after) {
  const parts = before === after ? [] : difference(before, after);
  const shown = parts.map(([tag, text]) => element(tag || "span", "", text));
  root.querySelector("#diff").replaceChildren(...(parts.length ? shown : ["nothing yet"]));
}

// [["", same], ["del", gone], ["ins", new], ...], word by word: a longest common subsequence between
// what both begin and end with.
export function difference(before, after) {
  const [a, b] = [before, after].map((text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []);
  let [head, tail] = [0, 0];
  const most = Math.min(a.length, b.length);
  while (head < most && a[head] === b[head]) head += 1;
  while (tail < most - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const [x, y] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const middle = x.length * y.length > 4e6 ? [["del", x.join("")], ["ins", y.join("")]] : common(x, y);
  return [["", a.slice(0, head).join("")], ...middle, ["", a.slice(a.length - tail).join("")]];
}

function common(x, y) {
  const best = Array.from({ length: x.length + 1 }, () => new Uint32Array(y.length + 1));
  for (let i = x.length - 1; i >= 0; i -= 1)
    for (let j = y.length - 1; j >= 0; j -= 1)
      best[i][j] = x[i] === y[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
  const parts = [];
  const put = (tag, text) => (parts.at(-1)?.[0] === tag ? (parts.at(-1)[1] += text) : parts.push([tag, text]));
  for (let i = 0, j = 0; i < x.length || j < y.length;) {
    if (i < x.length && x[i] === y[j]) put("", x[i++], j++);
    else if (j === y.length || (i < x.length && best[i + 1][j] >= best[i][j + 1])) put("del", x[i++]);
    else put("ins", y[j++]);
  }
  return parts;
}

function critique(root, given, changed, { tried, say }) {
  const [text, box, revising, better] = ["#critiqued", "#notes", "#revising", "#better"].map((what) => root.querySelector(what));
  const [field, { before }] = [root.querySelector("[name=revision]"), root.querySelector("#diff").dataset];
  let offered = ""; // by a model
  const add = (note) => {
    const one = root.querySelector("#noted").content.cloneNode(true).firstElementChild;
    one.dataset.span = JSON.stringify(note.span ?? null);
    one.querySelector(".quote").textContent = note.span ? rangeOf(text, note.span).toString() : "all of it";
    one.querySelector("textarea").value = note.text;
    one.querySelector("button").onclick = () => (one.remove(), light(), changed());
    box.append(one);
    light();
    return one.querySelector("textarea");
  };
  const noted = ({ dataset, children: [, label] }) => ({ text: label.control.value, span: JSON.parse(dataset.span) });
  const get = () => ({ notes: all(box, ".noted").map(noted), revision: field.value });
  const lacks = () => {
    const { notes, revision } = get();
    if (!notes.length) return revision ? "Note what is wrong, too." : "Note something, or skip.";
    return notes.every((note) => note.text.trim()) ? "" : "A note is empty.";
  };
  const show = () => {
    compare(root, before, field.value || before);
    [better.hidden, revising.open] = [!field.value, revising.open || field.value !== ""];
  };
  const revise = async () => {
    say("A model is writing …");
    const { text: wrote, error = "No answer came", fix = "Try again." } = await tried("revise", { item: given.item, notes: get().notes });
    if (!root.isConnected) return; // it was sent in the meantime
    if (!wrote) return say(`${error}. ${fix}`, "bad");
    if (field.value !== offered) return say("A model wrote an answer, but you are writing your own.", "bad");
    show((field.value = offered = wrote));
    changed();
    say("A model wrote a better answer: let it stand, change it, or clear it.", "good");
  };
  field.addEventListener("input", show);
  const light = () => {
    const spans = get().notes.flatMap((note) => (note.span ? [rangeOf(text, note.span)] : []));
    if (window.Highlight) CSS.highlights.set("notes", new Highlight(...spans));
  };
  const write = (span) => (add({ text: "", span }).focus(), changed());
  text.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    event.preventDefault();
    step(text, event.key === "ArrowRight", event.shiftKey);
  });
  return {
    get,
    set({ notes = [], revision = "" }) {
      box.replaceChildren();
      notes.forEach(add);
      light();
      show((field.value = revision));
    },
    lacks,
    acts: {
      mark: () => (marked(text) ? write(marked(text)) : "Mark some words of the answer first."),
      note: () => write(null),
      revise: () => lacks() || (field.value === offered ? void revise() : "Clear the better answer first."),
    },
  };
}

// The next or last word is marked; with `more` what is marked grows.
function step(text, ahead, more) {
  const selection = getSelection();
  if (!text.contains(selection.focusNode)) selection.collapse(text.querySelector(".plain"), 0);
  if (!more && !selection.isCollapsed) selection[ahead ? "collapseToEnd" : "collapseToStart"]();
  if (!more && !ahead) selection.modify("move", "backward", "word");
  selection.modify("extend", ahead || !more ? "forward" : "backward", "word");
}

// Characters of the answer in a copy of a part of it: what is not seen is shown as a box that says how
// many it stands for (data-n), and the fold's own words are none of the answer's.
function counted(part) {
  for (const one of all(part, "summary")) one.remove();
  for (const box of all(part, "[data-n]")) box.textContent = "x".repeat(box.dataset.n);
  return long(part.textContent);
}

// What is selected as [first, last + 1] characters of the answer, or null.
function marked(text) {
  const selection = getSelection();
  if (selection.isCollapsed || !selection.getRangeAt(0).intersectsNode(text)) return null;
  const range = selection.getRangeAt(0).cloneRange();
  if (!text.contains(range.startContainer)) range.setStart(text, 0);
  if (!text.contains(range.endContainer)) range.setEnd(text, text.childNodes.length);
  const before = document.createRange();
  before.setStart(text, 0);
  const upTo = (node, offset) => (before.setEnd(node, offset), counted(before.cloneContents()));
  const [first, last] = [upTo(range.startContainer, range.startOffset), upTo(range.endContainer, range.endOffset)];
  return first < last ? [first, last] : null;
}

// The way back: where these characters stand on the page.
function rangeOf(text, [first, last]) {
  const range = document.createRange();
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node.nodeName === "SUMMARY" || node.parentNode.dataset?.n ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  for (let at = 0; walker.nextNode();) {
    const [node, box] = [walker.currentNode, walker.currentNode.dataset?.n];
    const count = box ? Number(box) : long(node.data ?? "");
    const units = (n) => [...node.data].slice(0, n - at).join("").length;
    if (first >= at && first < at + count) box ? range.setStartBefore(node) : range.setStart(node, units(first));
    if (last > at && last <= at + count) box ? range.setEndAfter(node) : range.setEnd(node, units(last));
    at += count;
  }
  return range;
}

export const FORMS = { ranking, pair, thumb, rating, demonstration, correction, critique };
