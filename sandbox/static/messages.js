// Messages as Discord draws them: text, embeds, buttons, selects, Components V2, and polls in polls.js.

import { element, inline, link, markdown } from "./markdown.js";
import { poll, pollResult } from "./polls.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary" };
const UPLOADS = "https://cdn.simcord.invalid/";

const FEW_WORDS = 80; // of the message another one answers
const SILENT = 1 << 12, V2 = 1 << 15; // among the flags of a message

/** `view` brings: to (names), pictures (the demo's own), menus, act(kind, body), dismiss(message id), thread(message id), open(id). */
export function message(payload, view) {
  const flags = payload.flags;
  const mine = element("article", [], "message");
  mine.dataset.id = payload.id;
  mine.classList.toggle("ephemeral", Boolean(flags & 64));
  const author = payload.author;
  const at = new Date(payload.timestamp);
  const head = element("div", [element("b", author.global_name || author.username, author.bot ? "name bot" : "name")], "head");
  if (author.bot) head.append(element("span", "APP", "badge"));
  const stamp = element("time", at.toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit" }), "when");
  stamp.title = at.toLocaleString();
  head.append(stamp);
  if (flags & SILENT) {
    const silent = element("span", "🔕", "silent");
    silent.title = "Sent without a notification";
    head.append(silent);
  }
  if (view.menus.length && !(flags & 64)) head.append(apps(payload, view));
  const body = element("div", [], "body");
  if (payload.type === 19) body.append(reply(payload.referenced_message, view));
  if (payload.interaction_metadata && payload.interaction_metadata.name) {
    const user = payload.interaction_metadata.user.username;
    body.append(element("p", [element("b", user), " used ", element("span", (payload.interaction_metadata.command_type > 1 ? "" : "/") + payload.interaction_metadata.name, "mention")], "used"));
  }
  body.append(head);
  if (payload.type === 18 || payload.type === 21) body.append(element("p", payload.type === 18 ? "started a thread" : "This thread began with a message in the channel.", "faint"));
  else if (payload.type === 46) body.append(pollResult(payload.embeds[0], view));
  else if (flags & 128) body.append(element("p", "is thinking …", "thinking"));
  else body.append(...contents(payload, view));
  if (flags & 1) body.append(element("p", "Published", "faint"));
  if (flags & 64) {
    const dismiss = element("button", "Dismiss message", "dismiss");
    dismiss.type = "button";
    dismiss.addEventListener("click", () => view.dismiss(payload.id));
    body.append(element("p", ["👁 Only you can see this · ", dismiss], "faint"));
  }
  const thread = view.thread(payload.id);
  if (thread) {
    const open = element("button", [element("b", thread.name), thread.message_count === 1 ? " 1 message ›" : ` ${thread.message_count} messages ›`], "thread-link");
    open.addEventListener("click", () => view.open(thread.id));
    body.append(open);
  }
  mine.append(element("span", (author.global_name || author.username).slice(0, 1).toUpperCase(), author.bot ? "avatar bot" : "avatar"), body);
  return mine;
}

/** The message another one answers, in few words. */
function reply(to, view) {
  if (!to) return element("p", "↪ a message that is gone", "reply");
  const words = [to.content, ...to.embeds.map((each) => each.title || each.description), to.poll && to.poll.question.text, ...texts(to.components)];
  const text = plain(words.find(Boolean) || "…", view.to);
  const short = text.length > FEW_WORDS ? text.slice(0, FEW_WORDS).replace(/\s+\S*$/, "") + " …" : text;
  return element("p", ["↪ ", element("b", to.author.global_name || to.author.username), ": " + short], "reply");
}

const texts = (components) => components.flatMap((each) => [...(each.content ? [each.content] : []), ...texts(each.components || [])]);

/** A text without its markdown, on one line. `to` names channels, members and roles. */
export function plain(text, to) {
  const named = text.replace(/<(@!?|@&|#)(\d+)>/g, (_, sign, id) => (sign === "#" ? "#" + to.channel(id) : "@" + (sign === "@&" ? to.role(id) : to.member(id))));
  return named.replace(/<t:\S+?>/g, "").replace(/\[((?:\\.|[^\]\\])+)\]\(\S+?\)/g, "$1").replace(/^(?:#{1,3}|-#|>) /gm, "").replace(/\\([^A-Za-z0-9\s])|[*_`]/g, "$1").replace(/\s+/g, " ").trim();
}

/** The commands a member may use on this message. */
function apps(payload, view) {
  const made = element("details", element("summary", "⋯ Apps"), "apps");
  const items = view.menus.map((name) => {
    const item = element("button", name);
    item.type = "button";
    item.addEventListener("click", () => { made.open = false; view.act("menu", { channel: payload.channel_id, message: payload.id, name }); });
    return item;
  });
  made.append(element("div", items));
  return made;
}

function contents(payload, view) {
  const parts = [];
  if (payload.content) parts.push(markdown(payload.content, view.to));
  const embeds = payload.flags & 4 ? [] : payload.embeds.map((each) => embed(uploaded(each, payload.attachments), view));
  parts.push(...embeds);
  // What an embed or a component shows is not shown once more.
  const used = JSON.stringify(payload.embeds);
  const loose = payload.flags & V2 ? [] : payload.attachments.filter((each) => /^image\//.test(each.content_type || "") && !used.includes(`"attachment://${each.filename}"`));
  parts.push(...loose.map((each) => image(each.url, each.description, view)));
  if (payload.poll) parts.push(poll(payload, view));
  parts.push(...payload.components.map((each) => component(each, payload, view)));
  return parts;
}

/** An embed whose pictures came with the message, with their addresses. */
function uploaded(given, attachments) {
  const found = (media) => media && attachments.find((each) => media.url === "attachment://" + each.filename);
  const [picture, thumbnail] = [found(given.image), found(given.thumbnail)];
  return { ...given, ...(picture && { image: picture }), ...(thumbnail && { thumbnail }) };
}

function embed(given, view) {
  const made = element("div", [], "embed");
  if (given.color) made.style.borderLeftColor = colour(given.color);
  if (given.author && given.author.name) made.append(element("p", given.author.name, "faint"));
  if (given.title) {
    const title = inline(given.title, view.to);
    made.append(element("p", /^https?:/.test(given.url || "") ? link(given.url, title) : title, "title"));
  }
  if (given.description) made.append(markdown(given.description, view.to));
  for (const field of given.fields || []) made.append(element("div", [element("b", field.name), markdown(field.value, view.to)], field.inline ? "field inline" : "field"));
  if (given.image) made.append(image(given.image.url, given.image.description, view));
  if (given.thumbnail) made.append(image(given.thumbnail.url, "", view, "thumbnail"));
  const foot = [(given.footer || {}).text, given.timestamp && new Date(given.timestamp).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })];
  if (foot.some(Boolean)) made.append(element("p", foot.filter(Boolean).join(" · "), "faint"));
  return made;
}

function image(url, description, view, className = "") {
  const made = element("img", [], className);
  if (url.startsWith(view.pictures)) made.src = "/page/picture/" + url.slice(view.pictures.length);
  else if (url.startsWith(UPLOADS)) made.src = "/page/upload/" + url.slice(UPLOADS.length);
  else if (url.startsWith("https:")) made.src = url;
  made.alt = description || "";
  made.loading = "lazy";
  made.referrerPolicy = "no-referrer";
  if (description) made.title = description;
  made.addEventListener("error", () => made.replaceWith(...(description ? [element("p", "🖼 " + description, "faint")] : [])));
  return made;
}

function component(given, payload, view) {
  const children = () => (given.components || []).map((each) => component(each, payload, view));
  switch (given.type) {
    case 1: return element("div", children(), "row");
    case 2: return button(given, payload, view);
    case 9: return element("div", [element("div", children()), component(given.accessory, payload, view)], "section");
    case 10: return markdown(given.content, view.to);
    case 11: return image(given.media.url, given.description, view, "thumbnail");
    case 12: return element("div", given.items.map((each) => image(each.media.url, each.description, view)), "gallery");
    case 14: return element("hr", [], given.divider === false ? "blank" : "");
    case 17: {
      const made = element("div", children(), "container");
      if (given.accent_color) made.style.borderLeftColor = colour(given.accent_color);
      return made;
    }
    case 3: case 5: case 6: case 7: case 8: return select(given, payload, view);
    default: return element("p", "(something this page cannot show)", "faint");
  }
}

function button(given, payload, view) {
  const sign = given.emoji && element("span", emoji(given.emoji), "emoji");
  const face = [sign, given.label].filter(Boolean).flatMap((each, index) => (index ? [" ", each] : [each]));
  if (given.style === 5) {
    const made = link(given.url, [...face, element("span", " ↗", "faint")]);
    made.className = "button secondary";
    return made;
  }
  const made = element("button", face, "button " + (STYLES[given.style] || "secondary"));
  made.type = "button";
  made.dataset.id = given.custom_id;
  made.disabled = Boolean(given.disabled);
  made.addEventListener("click", async () => {
    // Not disabled meanwhile, which would take the focus away.
    if (made.ariaBusy === "true") return;
    made.ariaBusy = "true";
    await view.act("click", { channel: payload.channel_id, message: payload.id, custom_id: given.custom_id });
    made.ariaBusy = "false";
  });
  return made;
}

/** One of Unicode's as itself, a guild's own by its name. */
export const emoji = (given) => given && (given.id ? `:${given.name}:` : given.name);

function select(given, payload, view) {
  const made = chooser(given, view);
  made.dataset.id = given.custom_id;
  made.disabled = Boolean(given.disabled);
  const send = () => view.act("select", { channel: payload.channel_id, message: payload.id, custom_id: given.custom_id, values: chosen(made) });
  if (!made.multiple) {
    made.addEventListener("change", () => { made.blur(); send(); });
    return made;
  }
  const done = element("button", "Choose", "button primary");
  done.type = "button";
  done.addEventListener("click", send);
  return element("div", [made, done], "row");
}

export function chosen(select) {
  return [...select.selectedOptions].map((each) => each.value).filter(Boolean);
}

/** The select element for any of Discord's selects; those of channels and members offer what there is. */
export function chooser(given, view) {
  const made = element("select");
  made.multiple = (given.max_values || 1) > 1;
  if (!made.multiple) made.append(new Option(given.placeholder || "Choose …", ""));
  const options = given.options || (given.type === 8 ? view.channels(given.channel_types) : view.members());
  for (const each of options) {
    const option = new Option([emoji(each.emoji), each.label].filter(Boolean).join(" ") + (each.description ? ` (${each.description})` : ""), each.value, Boolean(each.default), Boolean(each.default));
    made.append(option);
  }
  return made;
}

function colour(number) {
  return "#" + number.toString(16).padStart(6, "0");
}
