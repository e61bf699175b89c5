// Threads: all of them, or the turns of one: #/threads/ID.
import { html } from "../../lib/dom.js";
import { ThreadList } from "./list.js";
import { Thread } from "./thread.js";

export default function Threads({ parts, project }) {
  const [id] = parts;
  return id ? html`<${Thread} key=${id} id=${id} project=${project} />` : html`<${ThreadList} project=${project} />`;
}
