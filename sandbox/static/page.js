// The demo's page. All state is the sandbox's; it is asked for anew each time something happened there.

import { close, modal, optionInputs } from "./dialogs.js";
import { element, tick } from "./markdown.js";
import { message, plain } from "./messages.js";

const $ = (id) => document.getElementById(id);
const SIGNS = { text: "#", announcement: "📣", forum: "🗂" };

const IN_PLACE = new Set(["click", "select", "vote", "unvote"]); // what changes the message that it is done to
const MOMENT = 4000; // milliseconds, to read the beginning of what is too long to be seen at once

let state = null;
let member = "";
let [channel, sought] = placeOf(location.hash); // sought: a message to be shown there
let found = !sought;
let following = !channel; // to each stop of the walk, until the visitor does something
let followed = ""; // the last stop they were taken to
let asked = null; // where the visitor last did something, and which messages stood there then
let shown = null; // the message they are led to, whatever else comes, until they move on themselves
let drawn = new Map(); // message id -> [its JSON, its element]
const dismissed = new Set(); // ids of private answers, until the page is loaded anew
const read = new Map(); // channel id -> the newest message seen there

// ------------------------------------------------------------------ asking

/** Channel and message of an address: #channel or #channel/message. */
function placeOf(hash) {
  const [id, message = ""] = hash.slice(1).split("/");
  return [id, message];
}

async function refresh() {
  const response = await fetch("/page/state?" + new URLSearchParams({ member, channel }));
  if (!response.ok) return;
  state = await response.json();
  member = state.member;
  channel = state.channel;
  draw();
}

async function post(action, body) {
  const response = await fetch("/page/" + action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ member, channel, ...body }),
  });
  return response.ok ? response.json() : { error: "The sandbox did not understand that." };
}

/** Does something as the member, and shows what came of it besides messages: a form, or a refusal. */
async function act(action, body) {
  complain("");
  shown = null;
  asked = { channel, known: new Set(state.messages.map((each) => each.id)) };
  if (!IN_PLACE.has(action)) { // whose answer comes last
    atEnd = true;
    keepEnd();
  }
  $("status").textContent = "waiting for the bot …";
  const answer = await post(action, body).catch(() => ({ error: "The sandbox cannot be reached." }));
  $("status").textContent = "";
  if (answer.error) complain(answer.error);
  if (answer.modal) modal($("modal"), answer.modal, view, (values) => act("submit", { form: answer.form, values }));
}

function complain(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

const places = () => state.channels.flatMap((each) => [each, ...each.threads]);
const view = {
  to: {
    channel: (id) => (places().find((each) => each.id === id) || { name: "unknown" }).name,
    member: (id) => state.names[id] || "somebody",
    role: (id) => state.roles[id] || "a role",
  },
  get menus() { return state.menus; },
  get pictures() { return state.pictures; },
  channels: (types) => {
    const fits = (type) => !types || types.includes(type);
    return state.channels.flatMap((each) => [
      ...(fits(each.type) ? [{ label: SIGNS[each.kind] + " " + each.name, value: each.id }] : []),
      ...(fits(11) ? each.threads.filter((thread) => !thread.archived).map((thread) => ({ label: "› " + thread.name, value: thread.id })) : []),
    ]);
  },
  members: () => state.members.map((each) => ({ label: each.name, value: each.id })),
  dismiss: (id) => { dismissed.add(id); draw(); },
  thread: (id) => state.channels.flatMap((each) => each.threads).find((each) => each.id === id && each.id !== channel),
  open,
  act,
};

// ----------------------------------------------------------------- drawing

function draw() {
  const here = places().find((each) => each.id === channel);
  $("guild").textContent = state.guild;
  $("title").textContent = (here.kind ? SIGNS[here.kind] + " " : "💬 ") + here.name;
  $("status").textContent ||= state.bot.online ? "" : state.bot.name + " is offline";
  if (state.bot.online && $("status").textContent.endsWith("is offline")) $("status").textContent = "";
  $("composer").hidden = here.kind === "forum";
  $("text").placeholder = `Type / for commands`;
  document.title = `${here.name} · Popcorn demo`;
  if ($("member").options.length !== state.members.length) {
    const people = state.members.map((each) => new Option(each.name + (each.admin ? " (admin)" : ""), each.id));
    $("member").replaceChildren(...people);
  }
  $("member").value = member;
  read.set(channel, newest(here));
  drawChannels();
  drawMessages(here);
  drawWalk();
}

/** What the crowd shows, each stop with where it is to be seen. Takes along whoever only watches. */
function drawWalk() {
  const box = $("walk");
  const json = JSON.stringify([state.walk, following, channel, sought]);
  if (box.dataset.drawn === json) return;
  box.dataset.drawn = json;
  box.hidden = !state.walk.length;
  const stops = element("div", state.walk.map((stop) => {
    const made = element(stop.place ? "a" : "span", stop.label, "stop");
    if (stop.place) made.href = "#" + stop.place;
    if (stop.place && stop.place === `${channel}/${sought}`) made.setAttribute("aria-current", "true");
    return made;
  }), "stops");
  const reached = state.walk.filter((stop) => stop.place);
  const isLed = following && reached.length > 0;
  box.replaceChildren(stops, element("small", "Time is shortened for the demo" + (isLed ? " · click to stay here" : "")));
  const current = stops.querySelector("[aria-current]");
  if (current) stops.scrollLeft = current.offsetLeft - stops.offsetLeft - stops.clientWidth / 2;
  if (!isLed) return;
  const { place } = reached[reached.length - 1];
  if (place !== followed) {
    followed = place;
    open(...placeOf("#" + place));
  }
}

function stay() {
  if (!following) return;
  following = false;
  if (state) drawWalk();
}
const move = () => { shown = null; stay(); };
for (const sign of ["pointerdown", "keydown", "wheel"]) document.addEventListener(sign, move, { passive: true });

const later = (a, b) => (BigInt(a) > BigInt(b) ? a : b);
const newest = (place) => (place.kind === "forum" ? place.threads.map((each) => each.last).reduce(later, "0") : place.last);

function drawChannels() {
  const list = state.channels.flatMap((each) => [
    entry(each, SIGNS[each.kind] + " " + each.name, "channel"),
    ...each.threads.filter((thread) => !thread.archived).slice(0, 6).map((thread) => entry(thread, thread.name, "channel thread")),
  ]);
  $("channels").replaceChildren(...list);
}

function entry(place, name, className) {
  const made = element("button", name, className);
  if (place.id === channel) made.setAttribute("aria-current", "page");
  if (!read.has(place.id)) read.set(place.id, newest(place));
  made.classList.toggle("unread", place.id !== channel && BigInt(newest(place)) > BigInt(read.get(place.id)));
  made.addEventListener("click", () => open(place.id));
  return made;
}

function drawMessages(here) {
  const box = $("messages");
  const next = new Map();
  const shown = here.kind === "forum" ? here.threads.map(forPost) : state.messages.filter((each) => !dismissed.has(each.id)).map(forMessage);
  const elements = shown.map(([id, json, make]) => {
    const before = drawn.get(id);
    // Whoever is choosing in a select chooses in peace.
    const isBusy = before && document.activeElement instanceof HTMLSelectElement && before[1].contains(document.activeElement);
    const kept = before && (before[0] === json || isBusy) ? before : [json, make()];
    if (before && before[1].querySelector("details[open]") && kept !== before) (kept[1].querySelector("details") || {}).open = true;
    next.set(id, kept);
    return kept[1];
  });
  drawn = next;
  if (!elements.length) elements.push(element("p", "Nothing here yet.", "faint empty"));
  const place = keepPlace(box, elements);
  // Only what changed is touched, so that nobody's focus or open select is lost.
  const kept = new Set(elements);
  for (const each of [...box.children]) if (!kept.has(each)) each.remove();
  elements.forEach((each, index) => { if (box.children[index] !== each) box.insertBefore(each, box.children[index] || null); });
  place();
  if (box.dataset.channel !== channel) atEnd = true;
  box.dataset.channel = channel;
  box.dataset.kind = here.kind || "thread";
  if (!found) seek(box);
  findAnswer();
  keepEnd();
}

/** Remembers what stands where, and which button has the focus. Returns how to put both right after a redraw. */
function keepPlace(box, elements) {
  const key = (each) => `[data-id="${CSS.escape(each.dataset.id || "")}"]`;
  const active = document.activeElement;
  const message = active && active.dataset.id && active.closest(".message");
  const focused = message && [key(message), key(active)];
  const top = box.getBoundingClientRect().top;
  const first = [...box.children].find((each) => each.dataset.id && each.getBoundingClientRect().bottom > top);
  const offset = first && first.getBoundingClientRect().top;
  return () => {
    if (first && !atEnd) {
      const now = elements.find((each) => each.dataset.id === first.dataset.id);
      if (now) box.scrollTop += now.getBoundingClientRect().top - offset;
    }
    const again = focused && !active.isConnected && box.querySelector(focused.join(" "));
    if (again) again.focus({ preventScroll: true });
  };
}

/** Shows the message that the address names. In a thread whoever is taken along also sees what follows it. */
function seek(box) {
  const there = box.querySelector(`.message[data-id="${CSS.escape(sought)}"]`);
  if (!there) return;
  found = true;
  there.classList.add("sought");
  atEnd = following && box.dataset.kind === "thread";
  const mine = { id: sought, fitting: "center", tall: "start" };
  lead(mine, "auto");
  if (atEnd) return;
  shown = mine;
  setTimeout(() => {
    mine.tall = "end";
    if (shown === mine) lead(mine);
  }, MOMENT);
}

/** A private answer comes last, out of sight of whoever clicked further up: they are led to it. */
function findAnswer() {
  if (!asked || asked.channel !== channel) return;
  const answer = state.messages.filter((each) => each.flags & 64 && !asked.known.has(each.id)).pop();
  if (!answer || answer.id === asked.answer) return;
  asked.answer = answer.id;
  shown = { id: answer.id, fitting: "nearest", tall: "start" };
}

/** Scrolls to a message, to the end of it that `tall` names if it is too long. Returns whether it is there. */
function lead({ id, fitting, tall }, behavior = CALM.matches ? "auto" : "smooth") {
  const box = $("messages");
  const there = box.querySelector(`.message[data-id="${CSS.escape(id)}"]`);
  if (there) there.scrollIntoView({ behavior, block: there.offsetHeight > box.clientHeight ? tall : fitting });
  return Boolean(there);
}
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

// Whoever reads the newest keeps seeing the newest, also when a picture arrives late and takes its room.
let atEnd = true;
function keepEnd() {
  const box = $("messages");
  if (box.dataset.kind === "forum") return;
  if (shown && lead(shown)) seeEnd();
  else if (atEnd) box.scrollTop = box.scrollHeight;
}
function seeEnd() {
  const box = $("messages");
  atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
}
$("messages").addEventListener("scroll", seeEnd);
$("messages").addEventListener("load", keepEnd, true);
new ResizeObserver(keepEnd).observe($("messages"));
$("messages").addEventListener("focusout", (event) => { if (event.target instanceof HTMLSelectElement) update(); });

// Each as [id, its state as JSON, how to draw it].
const forPost = (thread) => [thread.id, JSON.stringify(["post", thread]), () => postCard(thread)];
const forMessage = (each) => [each.id, JSON.stringify([each, view.thread(each.id), state.menus]), () => message(each, view)];

function postCard(thread) {
  const made = element("button", [element("b", thread.name)], "post");
  if (thread.tags.length) made.append(element("span", thread.tags.join(" · "), "badge"));
  const first = thread.first;
  const text = first ? plain(((first.embeds[0] || {}).description || first.content).split("\n")[0], view.to) : "";
  const short = text.length > 160 ? text.slice(0, 160).replace(/\s+\S*$/, " …") : text;
  const answers = thread.message_count === 1 ? "1 answer" : `${thread.message_count} answers`;
  made.append(element("p", short, "faint"), element("small", answers));
  made.addEventListener("click", () => open(thread.id));
  return made;
}

function open(id, message = "") {
  [channel, sought] = [id, message];
  found = !sought;
  asked = shown = null;
  location.hash = message ? `${id}/${message}` : id;
  document.body.classList.remove("menu");
  complain("");
  close($("options"));
  drawn = new Map();
  refresh();
}

// ---------------------------------------------------------------- commands

function offer() {
  const typed = $("text").value;
  const list = $("commands");
  list.hidden = !typed.startsWith("/");
  if (list.hidden) return;
  const words = typed.slice(1).trim();
  // What follows a whole command is meant for its options, which its form asks for.
  const found = state.commands.filter((each) => each.name.includes(words) || (words + " ").startsWith(each.name + " "));
  list.replaceChildren(...found.map((command) => {
    const made = element("button", [element("b", "/" + command.name), " ", element("span", command.description, "faint")]);
    made.type = "button";
    made.setAttribute("role", "option");
    made.addEventListener("click", () => choose(command));
    return made;
  }));
  if (!found.length) list.append(element("p", "Nothing of that name is for this member here.", "faint"));
}

function choose(command) {
  $("text").value = "";
  $("commands").hidden = true;
  complain("");
  const suggest = async (option, typed) => (await post("autocomplete", { command: command.name, option, typed, options: {} })).choices || [];
  const run = (name, options) => act("slash", { command: name, options });
  optionInputs($("options"), command, view, suggest, run);
}

$("text").addEventListener("input", offer);
$("text").addEventListener("keydown", (event) => { if (event.key === "Escape") { $("text").value = ""; offer(); } });
$("slash").addEventListener("click", () => {
  $("text").value = $("commands").hidden ? "/" : "";
  offer();
  $("text").focus();
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (text.startsWith("/")) {
    const first = state.commands.find((each) => "/" + each.name === text) || state.commands.find((each) => ("/" + each.name).startsWith(text));
    if (first) choose(first);
  } else if (text) {
    $("text").value = "";
    act("say", { content: text });
  }
});
$("member").addEventListener("change", () => {
  member = $("member").value;
  asked = shown = null;
  drawn = new Map();
  close($("options"));
  refresh();
});

/** Light or dark, as the address says: ?theme=light. */
function paint(theme) {
  document.documentElement.dataset.theme = theme;
  const address = new URL(location.href);
  if (theme === "light") address.searchParams.set("theme", theme);
  else address.searchParams.delete("theme");
  history.replaceState(null, "", address);
}
paint(new URLSearchParams(location.search).get("theme") === "light" ? "light" : "dark");
$("theme").addEventListener("click", () => paint(document.documentElement.dataset.theme === "light" ? "dark" : "light"));
document.addEventListener("click", (event) => {
  for (const each of document.querySelectorAll("details.apps[open]")) if (!each.contains(event.target)) each.open = false;
});
$("menu").addEventListener("click", (event) => { event.stopPropagation(); document.body.classList.toggle("menu"); });
document.querySelector("main").addEventListener("click", () => document.body.classList.remove("menu"));

// --------------------------------------------------------------- keeping up

let busy = false;
let again = false;
async function update() {
  if (busy) { again = true; return; }
  busy = true;
  await refresh().catch(() => {});
  busy = false;
  if (again) { again = false; update(); }
}
const events = new EventSource("/page/events");
events.onmessage = update;
events.onerror = () => { $("status").textContent = "The demo has ended."; };
events.onopen = () => { if ($("status").textContent === "The demo has ended.") $("status").textContent = ""; };
window.addEventListener("hashchange", () => {
  const [id, message] = placeOf(location.hash);
  if (id && (id !== channel || message !== sought)) open(id, message);
});
setInterval(tick, 10000);
update();
