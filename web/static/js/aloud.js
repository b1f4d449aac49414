// Reads a page aloud where the device has a voice for its language: what stands in it, from its heading on.

import { byId, make } from "./elements.js";

const speech = window.speechSynthesis, language = document.documentElement.lang.slice(0, 2);
const own = () => speech.getVoices().find((voice) => voice.lang.toLowerCase().startsWith(language));

// What is read: words as they are shown, without what is folded away and without the button itself.
function words(main) {
  return [...main.querySelectorAll("h1, h2, h3, p, li, dt, dd, label, legend, td, summary")]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".aloud") && !each.querySelector("p, li, dt, label"))
    .map((each) => each.textContent.replace(/\s+/g, " ").trim()).filter(Boolean);
}

function offer() {
  const main = byId("main");
  if (!main || main.querySelector(".aloud") || !own()) return;
  const { read, stop } = document.documentElement.dataset;
  const button = make("button", { type: "button", class: "button", onclick: () => {
    const going = speech.speaking;
    speech.cancel();
    button.textContent = going ? read : stop;
    if (going) return;
    const lines = words(main).map((line) => Object.assign(new SpeechSynthesisUtterance(line), { voice: own(), lang: own().lang, rate: 0.9 }));
    lines.at(-1)?.addEventListener("end", () => { button.textContent = read; });
    for (const line of lines) speech.speak(line);
  } }, read);
  main.append(make("p", { class: "aloud acts" }, button));
}

if (speech) {
  offer();
  speech.addEventListener?.("voiceschanged", offer);
  addEventListener("pagehide", () => speech.cancel());
}
