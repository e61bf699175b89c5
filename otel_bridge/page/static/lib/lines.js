// JSON lines, read while they come.

/** Yield arrays of parsed lines from a response, one array for each piece that arrives. */
export async function* batches(response) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const text = rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }));
      const end = text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      const found = parsed(text.slice(0, end));
      if (found.length) yield found;
      if (done) break;
    }
    if (rest.trim()) yield parsed(rest);
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Parse whole lines at once: one array is read faster than many lines. */
function parsed(text) {
  const trimmed = text.trim();
  return trimmed ? JSON.parse(`[${trimmed.replaceAll("\n", ",")}]`) : [];
}
