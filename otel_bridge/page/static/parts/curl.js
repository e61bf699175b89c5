// Requests as lines for a shell.
import { address } from "../lib/api.js";

/** Quote a text for a POSIX shell. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Write a `curl` that posts `body`. The key itself is never written: it comes from WANDB_API_KEY. */
export function curl(path, body, withKey = false) {
  const key = withKey ? ' -u "api:$WANDB_API_KEY"' : "";
  return `curl -s${key} ${quoted(address(path))} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
}
