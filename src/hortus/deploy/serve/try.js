// What the pages to try a model share; each defines open(schema), and calls begin().
// Text from the server is only ever set as text: no name of a column or a class is read as HTML.
const MOST_BARS = 8, WAIT_MS = 250;
const METRICS = {roc_auc: "ROC AUC", neg_log_loss: "log loss", neg_root_mean_squared_error: "RMSE", accuracy: "accuracy", mean_iou: "mean IoU"};
const $ = id => document.getElementById(id);
let token = "", asked = 0, timer = 0;

function make(tag, set = {}, ...inside) {
  const made = Object.assign(document.createElement(tag), set);
  made.append(...inside);
  return made;
}

async function ask(path, body, kind = "application/json") {
  const headers = {};
  if (token) headers.authorization = "Bearer " + token;
  if (body !== undefined) headers["content-type"] = kind;
  const answer = await fetch(path, body === undefined ? {headers} : {method: "POST", headers, body});
  return {status: answer.status, body: await answer.json()};
}

function number(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(3);
  // Below ten thousand no comma: it may be a year.
  return value.toLocaleString("en", {maximumSignificantDigits: size >= 1e4 ? 9 : 4, useGrouping: size >= 1e4});
}

function say(text, bad) { $("notes").append(make("li", {className: bad ? "bad" : "", textContent: text})); }

function show(one) {
  $("value").className = one.value === null ? "value none" : "value";
  $("value").textContent = one.value === null ? "No prediction" : typeof one.value === "number" && !one.probabilities ? number(one.value) : String(one.value);
  bars(Object.entries(one.probabilities || {}));
}

// Of pairs of a name and a share, the greatest first; in colours of their own where there are any.
function bars(pairs, colours = new Map()) {
  const all = pairs.sort((a, b) => b[1] - a[1]);
  $("bars").replaceChildren(...all.slice(0, MOST_BARS).map(([name, share], place) => {
    const bar = make("div");
    bar.style.width = (100 * share) + "%";
    if (colours.has(name)) bar.style.background = colours.get(name);
    return make("li", {className: place ? "" : "first"},
      make("div", {className: "row"}, make("span", {textContent: name}), make("span", {textContent: (100 * share).toFixed(1) + " %"})),
      make("div", {className: "track"}, bar));
  }));
  $("rest").hidden = all.length <= MOST_BARS;
  $("rest").textContent = "and " + (all.length - MOST_BARS) + " more classes";
}

function nothing(text) {
  $("value").className = "value none";
  $("value").textContent = text;
  $("bars").replaceChildren();
  $("rest").hidden = $("time").hidden = true;
}

function took(begun) {
  $("time").hidden = false;
  $("time").textContent = "answered in " + (performance.now() - begun).toFixed(0) + " ms";
}

function quoted(text) { return "'" + text.replaceAll("'", "'\\''") + "'"; }

function scored(schema) {
  return schema.score === null ? "" : ", " + (METRICS[schema.metric] || schema.metric) + " " +
    number(schema.metric.startsWith("neg_") ? -schema.score : schema.score);
}

async function begin() {
  let found;
  try { found = await ask("/v1/schema"); } catch (error) {
    $("about").textContent = "The server cannot be reached.";
    return;
  }
  if (found.status === 200) {
    document.title = $("title").textContent = "Predict " + found.body.target;
    $("target").textContent = found.body.target;
    $("door").hidden = true;
    $("desk").hidden = false;
    return open(found.body);
  }
  if (found.status !== 401) { $("about").textContent = found.body.what; return; }
  if (token) $("door-hint").textContent = "That is not the token of this server.";
  $("door").hidden = false;
  $("token").focus();
}

$("door").addEventListener("submit", event => { event.preventDefault(); token = $("token").value.trim(); begin(); });
$("copy").hidden = !navigator.clipboard;
$("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText($("curl").textContent);
  $("copy").textContent = "Copied";
  setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
});
