// Judging: what was given, the form that answers it, its draft, and sending it.
//
// A draft is kept in this browser at once and on the server within a second. What is sent waits in
// an outbox until the server has it, and goes again with the same key, so that it counts once.
import { all, FORMS } from "./forms.js";

const RETRY = 3000; // milliseconds until an unsent judgement is tried again
const find = (what) => document.querySelector(what);
const fresh = () => [...crypto.getRandomValues(new Uint32Array(4))].map((one) => one.toString(36)).join("-");
const load = (key) => JSON.parse(localStorage.getItem(key) ?? "null");
const store = (key, value) => localStorage.setItem(key, JSON.stringify(value));

let given, form, root; // the item, its form, and where that stands
let seconds, since; // the time spent: while the page is seen
let later, again; // timers: the draft's, and the outbox's
let busy = false;

const tabs = new BroadcastChannel("plumbline");
tabs.onmessage = ({ data }) => data === place("draft") && !busy && next("This one was sent from another tab.");
const place = (what, item = given.item) => `${what}/${given.user}/${given.project}/${item}`; // in this browser
const spent = () => seconds + (since === null ? 0 : (performance.now() - since) / 1000);

const say = (text, kind = "") => void (find("#said") && Object.assign(find("#said"), { textContent: text, className: kind }));
const hold = (on) => ((busy = on), root && (root.inert = on));

async function post(what, body, more = {}) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": find("meta[name=csrf]").content };
  const sent = { method: "POST", headers, body: JSON.stringify(body), ...more };
  const reply = await fetch(`/api/projects/${given.project}/${what}`, sent);
  return { status: reply.status, data: reply.status === 204 ? null : await reply.json().catch(() => ({})) };
}

// The answer to what people try again themselves.
const lost = { error: "There is no connection: nothing was changed", fix: "Try again." };
const tried = (what, body) => post(what, body).then(({ data }) => data ?? {}).catch(() => lost);

function start() {
  const data = find("[data-judge]");
  if (!data) return;
  given = JSON.parse(data.dataset.judge);
  [root, form, seconds, busy] = [find("#judge"), null, 0, false];
  since = document.hidden ? null : performance.now();
  if (root) {
    form = FORMS[given.form.kind](root, given, keep, { tried, say });
    const [near, far] = [load(place("draft")), given.draft];
    const draft = (near?.at ?? 0) >= (far?.at ?? 0) ? near : far;
    seconds = draft?.seconds ?? 0;
    form.set(draft?.body ?? given.body ?? {});
    if (find("#guide")) guide(find("#guide"));
    root.dataset.ready = "yes";
  }
  flush();
}

function guide(box) {
  const [before, now] = [load(place("guide", "")), Number(box.dataset.version)];
  box.open = before !== now;
  box.querySelector(".tag").hidden = before === null || before === now;
  store(place("guide", ""), now);
}

function keep() {
  if (!form || busy) return;
  const draft = { body: form.get(), seconds: spent(), at: Date.now() };
  store(place("draft"), draft);
  clearTimeout(later);
  later = setTimeout(() => post("draft", { item: given.item, body: draft }).catch(() => {}), 600);
  say("");
}

function send() {
  if (busy || !form) return;
  if (form.lacks()) say(form.lacks(), "bad");
  else flush({ what: "judge", body: { item: given.item, body: form.get(), seconds: spent(), key: fresh() } });
}

async function flush(more = null) {
  [later, again].forEach(clearTimeout);
  if (more) store(place("outbox", ""), more);
  const sent = load(place("outbox", ""));
  if (!sent) return;
  hold(true);
  try {
    const { status, data } = await post(sent.what, sent.body);
    if (status === 401 || status === 429 || status >= 500) throw new Error(status);
    localStorage.removeItem(place("outbox", ""));
    if (status >= 400) return hold(false), say(`${data.error ?? status}. ${data.fix ?? ""}`, "bad");
    localStorage.removeItem(place("draft", sent.body.item));
    tabs.postMessage(place("draft", sent.body.item));
    await next("");
  } catch (error) {
    const why = error.message === "401" ? "You are logged out: log in again in another tab." : "There is no connection.";
    say(`${why} Your judgement is kept here, and goes out by itself.`, "bad");
    again = setTimeout(() => flush(), RETRY);
  }
}

async function next(what) {
  hold(true);
  try {
    const reply = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (!reply.ok || new URL(reply.url).pathname !== location.pathname) throw new Error(reply.status);
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    find("meta[name=csrf]").content = page.querySelector("meta[name=csrf]").content;
    find("main").replaceWith(page.querySelector("main"));
    scrollTo(0, 0);
    start();
    find("main").focus({ preventScroll: true });
    say(what);
  } catch {
    say("It is sent. There is no connection for the next one yet.", "bad");
    again = setTimeout(() => next(what), RETRY);
  }
}

async function undo() {
  if (busy) return;
  const { item, error = "There is nothing to take back." } = await tried("undo", { key: fresh() });
  if (item) await next("Taken back: judge it again.");
  else say(error, "bad");
}

function skip() {
  const box = find("#skipping");
  if (!box || busy) return;
  box.onclose = () => {
    const fields = box.querySelector("form").elements;
    const reason = fields.other.value.trim() || fields.reason.value;
    if (box.returnValue !== "skip") return;
    if (reason) flush({ what: "skip", body: { item: given.item, reason, key: fresh() } });
    else say("Say why, to skip it.", "bad");
  };
  box.returnValue = "";
  box.showModal();
}

const acts = {
  undo, skip, help: () => find("#help")?.showModal(),
  plain: () => (find("[data-do=plain]").ariaPressed = document.body.classList.toggle("plainly")),
};

document.addEventListener("click", ({ target }) => {
  const what = target.closest("[data-do]")?.dataset.do;
  const said = what && (acts[what] ?? form?.acts?.[what])?.();
  if (typeof said === "string") say(said, "bad");
});
document.addEventListener("submit", (event) => event.target === root && (event.preventDefault(), send()));
document.addEventListener("input", ({ target }) => root?.contains(target) && keep());
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.isComposing || event.altKey || find("dialog[open]")) return;
  if (key === "Enter" && (event.ctrlKey || event.metaKey)) return event.preventDefault(), send();
  const writes = target.matches("textarea, input:not([type=radio], [type=checkbox], [type=number])");
  if (event.ctrlKey || event.metaKey || writes) return;
  const presses = target.matches("button:not(.chip), a, summary, select");
  const pressed = all(document, "[data-key]").find((one) => one.dataset.key.split(" ").includes(key));
  if (key === "Enter" && !presses) event.preventDefault(), send();
  else if (form && !busy && form.key?.(event)) event.preventDefault();
  else if (pressed && !busy) {
    event.preventDefault();
    if (pressed.type === "radio") pressed.focus({ preventScroll: true });
    pressed.click();
  }
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return void (since ??= performance.now());
  [seconds, since] = [spent(), null];
  const draft = form && !busy && load(place("draft"));
  if (draft) post("draft", { item: given.item, body: draft }, { keepalive: true }).catch(() => {});
});
addEventListener("online", () => flush());
addEventListener("offline", () => say("There is no connection. What you do is kept here."));
start();
