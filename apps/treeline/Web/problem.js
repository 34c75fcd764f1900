// Problem details (RFC 9457), as the server sends them with every refusal.

/** The body of a refusal; empty when it is not problem details. */
export async function readProblem(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

/** What a refusal says, for people. */
export const textOf = ({ title, detail }, status) =>
  title && detail ? `${title}. ${detail}` : detail ?? title ?? `The server answered ${status}.`;
