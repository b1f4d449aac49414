// What the header does: larger text, kept by this device; an open menu closes when one turns elsewhere.

const root = document.documentElement;
const YEAR_S = 365 * 86400;

function size(step) {
  root.dataset.size = String(step);
  document.cookie = `text_size=${step};path=/;max-age=${YEAR_S};samesite=lax`;
  // Whoever has logged in finds it on the next device, too; without a connection this one has it.
  const token = document.querySelector(".shell input[name=csrf_token]");
  if (token) {
    const body = new URLSearchParams({ csrf_token: token.value, text_size: step });
    fetch(root.dataset.display, { method: "POST", body, redirect: "manual" }).catch(() => undefined);
  }
}

// A page that was kept for when there is no connection does not know what was chosen since.
const kept = /(?:^|; )text_size=([012])/.exec(document.cookie);
if (kept) root.dataset.size = kept[1];
document.getElementById("larger").addEventListener("click", () => size((Number(root.dataset.size) + 1) % 3));

const menus = document.querySelectorAll(".shell-account, .shell-menu");
document.addEventListener("click", (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus) {
    if (menu.open && menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
});
