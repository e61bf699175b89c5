import { html } from "../../lib/dom.js";
import { Empty } from "../../parts/basics.js";

export default function View({ project }) {
  return html`<${Empty} title="Nothing here yet"><p>${project}</p><//>`;
}
