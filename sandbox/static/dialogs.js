// What a member fills in: the options of a command, and the forms (modals) a bot shows.

import { element, markdown } from "./markdown.js";
import { chooser, chosen } from "./messages.js";

/** Fills the form with one input for each option of a command; `suggest(option, typed)` asks the bot for choices. */
export function optionInputs(form, command, view, suggest, run) {
  form.replaceChildren(element("p", [element("b", "/" + command.name), " ", element("span", command.description, "faint")]));
  for (const option of command.options || []) {
    const input = optionInput(option, view);
    input.name = option.name;
    input.required = Boolean(option.required);
    const label = element("label", [element("span", option.name + (option.required ? " *" : ""), "option"), input, element("small", option.description)]);
    if (option.autocomplete) suggestions(label, input, (typed) => suggest(option.name, typed));
    form.append(label);
  }
  const send = element("button", "Run", "button primary");
  const cancel = element("button", "Cancel", "button secondary");
  cancel.type = "button";
  cancel.addEventListener("click", () => close(form));
  form.append(element("div", [send, cancel], "row"));
  form.onsubmit = (event) => {
    event.preventDefault();
    const options = filled(form);
    close(form);
    run(command.name, options);
  };
  form.hidden = false;
  (form.querySelector("input, select") || send).focus();
}

export function close(form) {
  form.hidden = true;
  form.replaceChildren();
}

export function filled(form) {
  const inputs = [...form.elements].filter((each) => each.name && each.value !== "");
  return Object.fromEntries(inputs.map((each) => [each.name, each.dataset.value || each.value]));
}

function optionInput(option, view) {
  const pick = (choices) => {
    const made = element("select", [new Option("", "")]);
    made.append(...choices.map((each) => new Option(each.label, each.value)));
    return made;
  };
  if (option.choices && option.choices.length) return pick(option.choices.map((each) => ({ label: each.name, value: String(each.value) })));
  if (option.type === 5) return pick([{ label: "yes", value: "true" }, { label: "no", value: "false" }]);
  if (option.type === 7) return pick(view.channels(option.channel_types));
  if (option.type === 6 || option.type === 9) return pick(view.members());
  const made = element("input");
  made.autocomplete = "off";
  if (option.type === 4 || option.type === 10) {
    made.type = "number";
    made.step = option.type === 4 ? "1" : "any";
    if (option.min_value !== undefined) made.min = option.min_value;
    if (option.max_value !== undefined) made.max = option.max_value;
  } else {
    made.maxLength = option.max_length || 6000;
  }
  return made;
}

/** A list under an input. What is shown and what is sent may differ, as in Discord. */
function suggestions(label, input, ask) {
  const list = element("div", [], "suggestions");
  label.append(list);
  let asked = 0;
  let timer;
  const refresh = async () => {
    const mine = ++asked;
    const choices = await ask(input.value);
    if (mine !== asked || document.activeElement !== input) return;
    list.replaceChildren(...choices.map((choice) => {
      const made = element("button", choice.name);
      made.type = "button";
      made.addEventListener("mousedown", (event) => event.preventDefault());
      made.addEventListener("click", () => {
        input.value = choice.name;
        input.dataset.value = String(choice.value);
        list.replaceChildren();
      });
      return made;
    }));
  };
  input.addEventListener("input", () => {
    delete input.dataset.value;
    clearTimeout(timer);
    timer = setTimeout(refresh, 250);
  });
  input.addEventListener("focus", refresh);
  input.addEventListener("blur", () => { asked++; list.replaceChildren(); });
}

/** Shows a bot's form; `send(values)` gets what was filled in, by custom_id. */
export function modal(dialog, given, view, send) {
  const form = element("form", element("h3", given.title));
  form.method = "dialog";
  const readers = given.components.map((each) => field(form, each, view));
  const submit = element("button", "Submit", "button primary");
  const cancel = element("button", "Cancel", "button secondary");
  cancel.type = "button";
  cancel.addEventListener("click", () => dialog.close());
  form.append(element("div", [submit, cancel], "row"));
  form.addEventListener("submit", () => send(Object.assign({}, ...readers.map((read) => read()))));
  dialog.replaceChildren(form);
  dialog.showModal();
}

function field(form, given, view) {
  if (given.type === 10) {
    form.append(markdown(given.content, view.to));
    return () => ({});
  }
  const control = given.type === 18 ? given.component : given.type === 1 ? given.components[0] : given;
  const name = given.label || control.label || "";
  const isGroup = control.type === 21 || control.type === 22;
  const [input, read] = isGroup ? group(control, name) : control_of(control, view);
  if (!isGroup) input.required = control.required !== false && control.type !== 23;
  const texts = isGroup ? [input] : [element("span", name, "option"), input];
  if (control.type === 4) texts.push(counter(input, control));
  if (given.description) texts.push(element("small", given.description));
  // A label around several inputs would tick the first of them.
  form.append(element(isGroup ? "div" : "label", texts, "field"));
  return () => ({ [control.custom_id]: read() });
}

/** How many characters there are, of how many. */
function counter(input, given) {
  const made = element("small", [], "count");
  const least = given.min_length ? `, at least ${given.min_length}` : "";
  const count = () => { made.textContent = `${input.value.length} / ${input.maxLength}${least}`; };
  input.addEventListener("input", count);
  count();
  return made;
}

/** Radio buttons (one answer) or checkboxes (several). */
function group(given, name) {
  const one = given.type === 21;
  const inputs = given.options.map((each) => {
    const input = element("input");
    input.type = one ? "radio" : "checkbox";
    input.name = given.custom_id;
    input.value = each.value;
    input.checked = Boolean(each.default);
    input.required = one && given.required !== false;
    return input;
  });
  const rows = given.options.map((each, index) => element("label", [inputs[index], element("span", [each.label, ...(each.description ? [element("small", " " + each.description)] : [])])], "choice"));
  const ticked = () => inputs.filter((each) => each.checked).map((each) => each.value);
  return [element("fieldset", [element("legend", name, "option"), ...rows]), () => (one ? ticked()[0] ?? null : ticked())];
}

function control_of(given, view) {
  if (given.type === 4) {
    const input = element(given.style === 2 ? "textarea" : "input");
    input.value = given.value || "";
    input.placeholder = given.placeholder || "";
    if (given.min_length) input.minLength = given.min_length;
    input.maxLength = given.max_length || 4000;
    return [input, () => input.value];
  }
  if (given.type === 23) {
    const input = element("input");
    input.type = "checkbox";
    input.checked = Boolean(given.default);
    return [input, () => input.checked];
  }
  const input = chooser(given, view);
  return [input, () => chosen(input)];
}
