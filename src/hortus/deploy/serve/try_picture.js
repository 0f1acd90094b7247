// What the pages of networks share: a picture is chosen, dropped or pasted, and sent as it is.
// Each defines tell(prediction), told(schema) and plain(), which takes away what was shown before.
let takes = [], most = 0, shown = "";

function curl(name) {
  return "curl " + quoted(location.origin + "/v1/predict") + (token ? " -H \"Authorization: Bearer $HORTUS_TOKEN\"" : "") +
    " -H " + quoted("Content-Type: " + (/\.jpe?g$/i.test(name) ? "image/jpeg" : "image/png")) + " --data-binary " + quoted("@" + name);
}

async function predict(file) {
  const turn = ++asked;
  $("notes").replaceChildren();
  plain();
  URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(file);
  $("picture").src = shown;
  $("picture").hidden = false;
  $("name").textContent = file.name || "a picture that was pasted";
  $("curl").textContent = curl(file.name || "picture.png");
  if (!takes.includes(file.type)) { refuse("It is no picture of a kind that is taken: " + takes.map(kind => kind.slice(6)).join(", ") + "."); return; }
  if (file.size > most) { refuse("It has " + number(file.size) + " bytes, and " + number(most) + " are the most."); return; }
  const begun = performance.now();
  let found;
  try { found = await ask("/v1/predict", file, file.type); } catch (error) {
    if (turn === asked) { nothing("No answer"); say("The server cannot be reached.", true); }
    return;
  }
  if (turn !== asked) return;
  if (found.status !== 200) { refuse(found.body.what + " " + found.body.mend); return; }
  const one = found.body.predictions[0];
  tell(one);
  for (const warning of [...one.warnings, ...found.body.warnings]) say(warning.what, false);
  took(begun);
}

function refuse(why) {
  nothing("Not predicted");
  say(why, true);
}

function take(files) {
  const file = [...files].find(one => one.type.startsWith("image/")) || files[0];
  if (file) predict(file);
}

function open(schema) {
  takes = schema.takes;
  most = schema.most_bytes;
  const score = scored(schema) && scored(schema) + " on images it had not seen";
  $("about").textContent = "one of " + schema.classes.length + " classes" + score;
  $("file").accept = takes.join(",");
  $("sees").textContent = !schema.whole
    ? "This network learned from arrays of numbers, not from pictures: send pixels instead, see /openapi.json."
    : "It is brought to " + schema.width + " by " + schema.height + " pixels" + (schema.channels === 1 ? ", without colours." : ".");
  told(schema);
}

$("file").addEventListener("change", event => { take(event.target.files); event.target.value = ""; });
$("form").addEventListener("submit", event => event.preventDefault());
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, event => event.preventDefault());
$("drop").addEventListener("dragover", () => $("drop").classList.add("over"));
for (const kind of ["dragleave", "drop"]) $("drop").addEventListener(kind, () => $("drop").classList.remove("over"));
document.addEventListener("drop", event => take(event.dataTransfer.files));
document.addEventListener("paste", event => take(event.clipboardData.files));
