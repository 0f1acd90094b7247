// The page of a model of scenes: a class for each pixel, drawn over the picture.
const colours = new Map();
let saved = "";

function told(schema) {
  $("about").textContent = $("about").textContent.replace("one of", "each pixel one of");
  if (schema.whole) $("sees").textContent = "It is seen at " + schema.width + " by " + schema.height + " pixels; the mask is as large as the picture.";
  for (const one of schema.classes) colours.set(one.name, one.colour);
}

function plain() {
  $("mask").hidden = $("shading").hidden = $("save").hidden = true;
}

function tell(one) {
  if (one.mask === null) { nothing("No mask"); return; }
  const found = Object.entries(one.shares).filter(([, share]) => share > 0);
  $("value").className = "value";
  $("value").textContent = found.length === 1 ? found[0][0] : found.length + " classes";
  bars(found, colours);
  URL.revokeObjectURL(saved);
  saved = URL.createObjectURL(new Blob([Uint8Array.from(atob(one.mask), letter => letter.charCodeAt(0))], {type: "image/png"}));
  $("mask").src = $("save").href = saved;
  $("mask").hidden = $("shading").hidden = $("save").hidden = false;
  $("rest").textContent = ($("rest").hidden ? "" : $("rest").textContent + "; ") +
    "a pixel's class has a probability of " + number(one.confidence) + " on average";
  $("rest").hidden = false;
}

function shade() { $("mask").style.opacity = $("shade").value / 100; }

$("shade").addEventListener("input", shade);
shade();
begin();
