// Asking the server for JSON, and what it said where it refused.
"use strict";

window.gisgrid = window.gisgrid || {};

(function (gisgrid) {
  // What the server said of a refusal, in the page's language: `told`, empty where it said nothing.
  gisgrid.refusal = async function (answer) {
    const facts = await answer.json().catch(() => ({}));
    const told = facts.detail || facts.title || "";
    return Object.assign(new Error(told), { status: answer.status, facts, told });
  };

  gisgrid.json = async function (url, options) {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, ...options });
    if (!answer.ok) throw await gisgrid.refusal(answer);
    return answer.json();
  };
})(window.gisgrid);
