// Asks before what cannot be undone, and says what will happen.

const part = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

// True once somebody says yes; Escape and the other button say no, which comes first.
export function confirmed({ title, text, yes, no }) {
  return new Promise((answer) => {
    const dialog = part("dialog", { className: "sure" },
      part("h2", { textContent: title }), part("p", { textContent: text }),
      part("div", { className: "row" },
        part("button", { type: "button", textContent: no, autofocus: true, onclick: () => dialog.close("") }),
        part("button", { type: "button", className: "danger", textContent: yes, onclick: () => dialog.close("yes") })));
    dialog.addEventListener("close", () => { dialog.remove(); answer(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Forms that say in data-sure what they would do.
document.addEventListener("submit", async (event) => {
  const form = event.target, { sure, sureTitle, sureYes, sureNo } = form.dataset;
  if (!sure || form.dataset.asked) return;
  event.preventDefault();
  if (!(await confirmed({ title: sureTitle, text: sure, yes: sureYes, no: sureNo }))) return;
  form.dataset.asked = "true";
  form.requestSubmit();
});
