// Small readings that the conversation's readers share.

export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** The first of these members that is there. */
export function first(from, ...names) {
  for (const name of names) {
    if (from?.[name] !== undefined && from[name] !== null) return from[name];
  }
  return undefined;
}

/** Read JSON that was written into a string; other strings and values stay. */
export function unpacked(value) {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const ROLES = {
  ai: "assistant",
  aimessage: "assistant",
  aimessagechunk: "assistant",
  assistant: "assistant",
  bot: "assistant",
  chatbot: "assistant",
  choice: "assistant",
  model: "assistant",
  thinking: "assistant",
  human: "user",
  humanmessage: "user",
  humanmessagechunk: "user",
  user: "user",
  system: "system",
  systemmessage: "system",
  systemmessagechunk: "system",
  developer: "system",
  function: "tool",
  functionmessage: "tool",
  tool: "tool",
  toolmessage: "tool",
  toolmessagechunk: "tool",
  "tool-call": "assistant",
  "tool-response": "tool",
};

/** `system`, `user`, `assistant` or `tool`; undefined for a word that is no role. */
export const role = (word) => (typeof word === "string" ? ROLES[word.toLowerCase()] : undefined);
