// Asking the server for JSON, and what it said where it refused.

// What the server said of a refusal, in the page's language: `told`, empty where it said nothing.
export async function refusal(answer) {
  const facts = await answer.json().catch(() => ({}));
  const told = facts.detail || facts.title || "";
  return Object.assign(new Error(told), { status: answer.status, facts, told });
}

export async function json(url, options) {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, ...options });
  if (!answer.ok) throw await refusal(answer);
  return answer.json();
}
