import { App } from "./app.js";
import { html, render } from "./lib/dom.js";

const app = document.getElementById("app");
app.replaceChildren();
render(html`<${App} />`, app);
