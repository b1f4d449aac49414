// The import pages: a file is sent with its progress, dropped where it may be; what is worked on tells how far it is.

function sends(form) {
  const field = form.querySelector("input[type=file]"), said = form.querySelector("[role=alert]");
  const sending = form.querySelector(".sending"), bar = sending.querySelector("progress"), status = sending.querySelector("span");
  const button = form.querySelector("button");
  function tell(words) {
    said.textContent = words;
    said.hidden = !words;
  }
  function wrong() {
    const file = field.files[0];
    if (!file) return "";
    if (file.size === 0) return form.dataset.nothing;
    return file.size > Number(form.dataset.most) * 1048576 ? form.dataset.large : "";
  }
  field.addEventListener("change", () => tell(wrong()));
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("drop-over"); });
  }
  for (const kind of ["dragleave", "drop"]) form.addEventListener(kind, () => form.classList.remove("drop-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) {
      field.files = event.dataTransfer.files;
      tell(wrong());
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = wrong();
    tell(words);
    if (words) return;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "text/html");
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.value = (100 * step.loaded) / step.total;
      status.textContent = `${form.dataset.sent}: ${Math.round(bar.value)} %`;
    });
    function again(why) {
      button.disabled = false;
      sending.hidden = true;
      tell(why);
    }
    request.addEventListener("error", () => again(form.dataset.broken));
    request.addEventListener("load", () => {
      if (request.status === 200) {
        location.assign(request.responseURL);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const detail = page.querySelector("main h1 + p");
      again(detail ? detail.textContent : form.dataset.broken);
    });
    button.disabled = true;
    sending.hidden = false;
    request.send(new FormData(form));
  });
}

function follow(box) {
  const bar = box.querySelector("progress"), doing = box.querySelector(".doing");
  async function look() {
    try {
      const answer = await fetch(box.dataset.busy, { headers: { Accept: "application/json" } });
      const told = await answer.json();
      if (!told.busy) {
        location.reload();
        return;
      }
      if (told.total) {
        bar.max = told.total;
        bar.value = told.done;
      } else bar.removeAttribute("value");
      let words = told.doing;
      if (told.done) words += ` · ${told.done}${told.total ? ` / ${told.total}` : ""} ${box.dataset.rows}`;
      if (told.before) words += ` (${told.before} ${box.dataset.before})`;
      if (doing.textContent !== words) doing.textContent = words;
    } catch {
      // Without a connection for a moment; the work goes on.
    }
    setTimeout(look, 700);
  }
  setTimeout(look, 400);
}

for (const form of document.querySelectorAll("form.drop")) sends(form);
for (const box of document.querySelectorAll("[data-busy]")) follow(box);
const kind = document.getElementById("kind");
if (kind) kind.addEventListener("change", () => kind.form.submit());
if (location.hash === "#undo") document.getElementById("undo")?.scrollIntoView();
