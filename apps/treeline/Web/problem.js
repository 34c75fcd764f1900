// Problem details (RFC 9457), as the server sends them with every refusal.

/** The body of a refusal; empty when it is not problem details. */
export async function readProblem(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

/** One sentence for a refusal. */
export async function problemOf(response) {
  const { title, detail } = await readProblem(response);
  return detail ?? title ?? `The server answered ${response.status}.`;
}
