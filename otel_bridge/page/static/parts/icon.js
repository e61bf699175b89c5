// Line icons of 16 px, drawn in the colour of the text.
import { html } from "../lib/dom.js";

const PATHS = {
  dark: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6Z",
  light:
    "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M3.2 12.8l1-1M11.8 4.2l1-1",
  help: "M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM6.2 6.3A1.8 1.8 0 1 1 8.6 8c-.4.2-.6.5-.6 1v.3M8 11.3v.2",
  key: "M10.3 9.2a3.5 3.5 0 1 0-3.4-2.6L2 11.5V14h2.5v-1.7h1.7v-1.7l.9-.9c.9.5 2.2.5 3.2-.5ZM11 5v.1",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.4 10.4l3.4 3.4",
  right: "M6 3.5 10.5 8 6 12.5",
  down: "M3.5 6 8 10.5 12.5 6",
  back: "M10 3.5 5.5 8l4.5 4.5",
};

export const Icon = ({ name }) => html`<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true"
  focusable="false"><path d=${PATHS[name]} /></svg>`;
