// Discord's own polls: the question, the answers with their votes, and what was said at the end.

import { element, time } from "./markdown.js";

const choices = new Map(); // message id -> answers ticked but not voted for yet

export function poll(payload, view) {
  const given = payload.poll;
  const results = given.results || { answer_counts: [] };
  const counts = new Map(results.answer_counts.map((each) => [each.id, each]));
  const count = (answer) => (counts.get(answer.answer_id) || { count: 0 }).count;
  const mine = given.answers.filter((each) => (counts.get(each.answer_id) || {}).me_voted).map((each) => each.answer_id);
  const total = given.answers.reduce((sum, each) => sum + count(each), 0);
  const open = !results.is_finalized && !mine.length;
  const ticked = choices.get(payload.id) || new Set();
  const vote = element("button", "Vote", "button primary");

  const answers = given.answers.map((each) => {
    const share = total ? Math.round((count(each) / total) * 100) : 0;
    const bar = element("span", [], "share");
    bar.style.width = share + "%";
    const parts = [bar];
    if (open) {
      const tick = element("input");
      tick.type = given.allow_multiselect ? "checkbox" : "radio";
      tick.name = payload.id;
      tick.checked = ticked.has(each.answer_id);
      tick.addEventListener("change", () => {
        if (!given.allow_multiselect) ticked.clear();
        ticked[tick.checked ? "add" : "delete"](each.answer_id);
        choices.set(payload.id, ticked);
        vote.disabled = !ticked.size;
      });
      parts.push(tick);
    }
    const face = [each.poll_media.emoji && each.poll_media.emoji.name, each.poll_media.text].filter(Boolean).join(" ");
    parts.push(element("span", face, "answer"), element("span", `${votes(count(each))} · ${share} %`, "faint"));
    const made = element("label", parts);
    if (mine.includes(each.answer_id)) made.append(element("span", "✓", "mine"));
    made.classList.toggle("chosen", mine.includes(each.answer_id));
    return made;
  });

  const foot = element("div", [], "row");
  const send = async (kind, numbers) => { for (const answer of numbers) await view.act(kind, { channel: payload.channel_id, message: payload.id, answer }); };
  vote.type = "button";
  vote.disabled = !ticked.size;
  vote.addEventListener("click", () => { choices.delete(payload.id); send("vote", [...ticked]); });
  const remove = element("button", "Remove vote", "button secondary");
  remove.type = "button";
  remove.addEventListener("click", () => send("unvote", mine));
  if (open) foot.append(vote);
  if (mine.length && !results.is_finalized) foot.append(remove);
  const end = results.is_finalized ? ["closed"] : ["ends ", time(Date.parse(given.expiry) / 1000, "R")];
  foot.append(element("span", [`${votes(total)} · `, ...end], "faint"));
  const hint = results.is_finalized ? "This poll has ended" : given.allow_multiselect ? "Select one or more answers" : "Select one answer";
  return element("div", [element("p", given.question.text, "title"), element("p", hint, "faint"), ...answers, foot], "poll");
}

const votes = (count) => (count === 1 ? "1 vote" : `${count} votes`);

/** What Discord writes when a poll has ended. */
export function pollResult(embed) {
  const told = Object.fromEntries(embed.fields.map((each) => [each.name, each.value]));
  const outcome = told.victor_answer_id ? `${told.victor_answer_text} won with ${told.victor_answer_votes} of ${votes(Number(told.total_votes))}.` : told.total_votes === "0" ? "Nobody voted." : "It is a tie.";
  return element("div", [element("p", ["The poll ", element("b", told.poll_question_text), " has closed."]), element("p", outcome, "faint")], "poll result");
}
