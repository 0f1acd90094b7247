// The page of a model of tables: a form of its columns.
const LONG_LIST = 40;
const fields = new Map();

function day(moment) { return moment.replace(/T00:00:00$/, "").replace("T", " "); }

function hint(column) {
  const parts = [];
  if (column.kind === "numeric" && column.low !== null) parts.push(number(column.low) + " to " + number(column.high));
  else if (column.kind === "date" && column.low !== null) parts.push(day(column.low) + " to " + day(column.high));
  else if (column.kind === "categorical" && column.categories.length > LONG_LIST) 
    parts.push((column.complete ? "" : "more than ") + column.categories.length + " categories");
  else if (column.kind === "text") parts.push("text");
  if (!column.null) parts.push("required");
  return parts.join(", ");
}

function choices(pairs) { return make("select", {}, ...pairs.map(([value, text]) => make("option", {value, textContent: text}))); }

function input(column, id) {
  const missing = column.null ? [["", "not known"]] : [];
  if (column.kind === "boolean") return choices([...missing, ["true", "yes"], ["false", "no"]]);
  if (column.kind === "text") return make("textarea", {spellcheck: false});
  if (column.kind === "numeric") return make("input", {type: "number", step: "any", placeholder: column.null ? "not known" : ""});
  if (column.kind === "date") {
    const whole = [column.low, column.high, column.typical].every(v => v === null || /T00:00:00$/.test(v));
    return make("input", {type: whole ? "date" : "datetime-local", step: whole ? "" : "1"});
  }
  if (column.categories.length && column.categories.length <= LONG_LIST)
    return choices([...missing, ...column.categories.map(name => [name, name])]);
  const list = make("datalist", {id: id + "-list"}, ...column.categories.slice(0, 500).map(value => make("option", {value})));
  const field = make("input", {type: "text", placeholder: column.null ? "not known" : "", autocomplete: "off", spellcheck: false});
  field.setAttribute("list", list.id);
  document.body.append(list);
  return field;
}

function typical(column) {
  if (column.typical === null) return "";
  if (column.kind === "date") return fields.get(column.name).field.type === "date" ? column.typical.slice(0, 10) : column.typical;
  return typeof column.typical === "number" && !Number.isInteger(column.typical)
    ? String(Number(column.typical.toPrecision(4))) : String(column.typical);
}

function read({column, field}) {
  if (field.value === "") return null;
  if (column.kind === "numeric") return Number(field.value);
  return column.kind === "boolean" ? field.value === "true" : field.value;
}

function mark(name, kind, text) {
  const found = fields.get(name);
  if (!found) return false;
  found.box.className = found.base + " " + kind;
  found.hint.textContent = text;
  return true;
}

function plain() { for (const {column} of fields.values()) mark(column.name, "", hint(column)); }

function tell(found) {
  const one = found.predictions[0];
  show(one);
  for (const warning of [...one.warnings, ...found.warnings]) {
    say(warning.what, false);
    if (warning.column !== null) mark(warning.column, "odd", hint(fields.get(warning.column)?.column || {kind: "", null: true}));
  }
}

async function predict() {
  clearTimeout(timer);
  const turn = ++asked;
  const unread = [...fields.values()].filter(({field}) => field.validity.badInput);
  plain();
  $("notes").replaceChildren();
  if (unread.length) {
    nothing("Not predicted");
    for (const {column} of unread) mark(column.name, "wrong", "Not a " + (column.kind === "date" ? "date" : "number") + ".");
    return;
  }
  const row = Object.fromEntries([...fields.values()].map(found => [found.column.name, read(found)]));
  $("curl").textContent = "curl " + quoted(location.origin + "/v1/predict") + (token ? " -H \"Authorization: Bearer $HORTUS_TOKEN\"" : "") +
    " -H 'Content-Type: application/json' -d " + quoted(JSON.stringify({rows: [row]}));
  const begun = performance.now();
  let found;
  try { found = await ask("/v1/predict", JSON.stringify({rows: [row]})); } catch (error) {
    if (turn === asked) { nothing("No answer"); say("The server cannot be reached.", true); }
    return;
  }
  if (turn !== asked) return;
  if (found.status === 200) {
    tell(found.body);
    took(begun);
    return;
  }
  nothing("Not predicted");
  const problems = found.body.problems || [];
  for (const problem of problems) mark(problem.column, "wrong", problem.mend);
  if (!problems.length) say(found.body.what + " " + found.body.mend, true);
  else say(problems.length === 1 ? "One value cannot be used." : problems.length + " values cannot be used.", true);
}

function soon() { clearTimeout(timer); timer = setTimeout(predict, WAIT_MS); }

function fill(value) {
  for (const {column, field} of fields.values()) field.value = value(column);
  predict();
}

function open(schema) {
  const score = scored(schema) && scored(schema) + " on rows it had not seen";
  $("about").textContent = (schema.task === "regression" ? "a number" : "one of " + schema.classes.length + " classes") + score;
  schema.columns.forEach((column, place) => {
    const id = "field-" + place, field = input(column, id), said = make("p", {className: "hint", id: id + "-hint"});
    field.id = id;
    field.setAttribute("aria-describedby", said.id);
    const base = column.kind === "text" ? "wide" : "";
    const label = make("label", {htmlFor: id, textContent: column.name || "(no name)"});
    const box = make("div", {className: base}, label, field, said);
    fields.set(column.name, {column, field, box, base, hint: said});
    field.addEventListener("input", soon);
    $("fields").append(box);
  });
  fill(typical);
}

$("form").addEventListener("submit", event => { event.preventDefault(); predict(); });
$("typical").addEventListener("click", () => fill(typical));
$("clear").addEventListener("click", () => fill(() => ""));
begin();
