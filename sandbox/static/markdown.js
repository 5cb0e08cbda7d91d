// Discord's markdown as elements. Text only ever becomes text: nothing here parses HTML.

const INLINE = [
  [/^\\([^A-Za-z0-9\s])/, (m) => [m[1]]],
  [/^`([^`\n]+)`/, (m) => [element("code", bars(m[1]))]],
  [/^[▰▱█▓▒░■□▬]{3,}/, (m) => [element("span", m[0], "bar")]],
  [/^\*\*(.+?)\*\*(?!\*)/s, (m, to) => [element("b", inline(m[1], to))]],
  [/^__(.+?)__/s, (m, to) => [element("u", inline(m[1], to))]],
  [/^\*([^\s*](?:.*?[^\s*\\])?)\*(?!\*)/s, (m, to) => [element("i", inline(m[1], to))]],
  [/^_([^_]+)_(?![A-Za-z0-9])/s, (m, to) => [element("i", inline(m[1], to))]],
  [/^~~(.+?)~~/s, (m, to) => [element("s", inline(m[1], to))]],
  [/^\[((?:\\.|[^\]\\])+)\]\(<?(https?:\/\/[^\s>)]+)>?(?: "[^"]*")?\)/, (m, to) => [link(m[2], inline(m[1], to))]],
  [/^<(https?:\/\/[^\s>]+)>/, (m) => [link(m[1], [m[1]])]],
  [/^https?:\/\/[^\s<>]*[^\s<>.,:;"')\]*_~|]/, (m) => [link(m[0], [m[0]])]],
  [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (m) => [time(Number(m[1]), m[2] || "f")]],
  [/^<#(\d+)>/, (m, to) => [element("span", "#" + to.channel(m[1]), "mention")]],
  [/^<@!?(\d+)>/, (m, to) => [element("span", "@" + to.member(m[1]), "mention")]],
  [/^<@&(\d+)>/, (m, to) => [element("span", "@" + to.role(m[1]), "mention")]],
  [/^<a?:(\w+):\d+>/, (m) => [`:${m[1]}:`]],
  [/^<\/([^:>]+):\d+>/, (m) => [element("span", "/" + m[1], "mention")]],
];

export function element(name, content = [], className = "") {
  const made = document.createElement(name);
  made.append(...(Array.isArray(content) ? content : [content]));
  if (className) made.className = className;
  return made;
}

export function link(url, content) {
  const made = element("a", content);
  // A message's address is Discord's; its place here is on this page.
  const message = /^https:\/\/discord\.com\/channels\/\d+\/(\d+)\/(\d+)$/.exec(url);
  if (message) {
    made.href = `#${message[1]}/${message[2]}`;
    return made;
  }
  made.href = url;
  made.target = "_blank";
  made.rel = "noreferrer noopener";
  return made;
}

/** A text in which no bar of such characters is broken over two lines. */
function bars(text) {
  return text.split(/([▰▱█▓▒░■□▬]{3,})/).map((part, index) => (index % 2 ? element("span", part, "bar") : part));
}

/** A time as Discord shows it; relative ones are kept up to date by `tick`. */
export function time(seconds, style) {
  const made = element("time", [], "stamp");
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return element("span", "an unknown time");
  made.dateTime = at.toISOString();
  made.title = at.toLocaleString();
  made.dataset.style = style;
  made.textContent = written(at, style);
  return made;
}

function written(at, style) {
  if (style === "R") return ago(at);
  const date = { dateStyle: style === "d" ? "short" : style === "F" ? "full" : "long" };
  const clock = { timeStyle: style === "T" ? "medium" : "short" };
  if (style === "d" || style === "D") return at.toLocaleDateString("en", date);
  if (style === "t" || style === "T") return at.toLocaleTimeString("en", clock);
  return at.toLocaleString("en", { ...date, ...clock });
}

export function ago(at) {
  const seconds = (at.getTime() - Date.now()) / 1000;
  const steps = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [2592000, "day", 86400], [31536000, "month", 2592000]];
  const [, unit, size] = steps.find(([limit]) => Math.abs(seconds) < limit) || [0, "year", 31536000];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

export function tick() {
  for (const stamp of document.querySelectorAll("time.stamp[data-style=R]")) stamp.textContent = ago(new Date(stamp.dateTime));
}

/** Parts of one line or paragraph. `to` names channels and members. */
export function inline(text, to) {
  const parts = [];
  let plain = "";
  while (text) {
    const hit = INLINE.map(([pattern, make]) => [pattern.exec(text), make]).find(([match]) => match);
    // A word is taken whole, so that an underscore inside it is no emphasis.
    const taken = hit ? hit[0][0].length : Math.max(1, (/^[A-Za-z0-9_]+(?=_)|^[A-Za-z0-9]+/.exec(text) || [""])[0].length);
    if (hit) {
      if (plain) parts.push(plain);
      plain = "";
      parts.push(...hit[1](hit[0], to));
    } else {
      plain += text.slice(0, taken);
    }
    text = text.slice(taken);
  }
  if (plain) parts.push(plain);
  return parts;
}

/** Whole texts: headings, lists, quotations, code blocks, paragraphs. */
export function markdown(text, to) {
  const made = element("div", [], "markdown");
  const lines = text.split("\n");
  while (lines.length) {
    const line = lines.shift();
    let match;
    if (line.startsWith("```")) {
      const code = [];
      while (lines.length && !lines[0].startsWith("```")) code.push(lines.shift());
      lines.shift();
      made.append(element("pre", bars(code.join("\n"))));
    } else if ((match = /^(#{1,3}) (.+)/.exec(line))) {
      made.append(element("h" + (match[1].length + 3), inline(match[2], to)));
    } else if ((match = /^-# (.+)/.exec(line))) {
      made.append(element("small", inline(match[1], to)));
    } else if ((match = /^> ?(.*)/.exec(line))) {
      made.append(element("blockquote", inline(match[1], to)));
    } else if ((match = /^(\s*)(?:[-*]|(\d+)\.) (.+)/.exec(line))) {
      const item = element("div", [element("span", match[2] ? match[2] + "." : "•", "bullet"), element("span", inline(match[3], to))], "item");
      item.classList.toggle("nested", match[1].length > 0);
      made.append(item);
    } else {
      made.append(line.trim() ? element("p", inline(line, to)) : element("div", [], "gap"));
    }
  }
  return made;
}
