import { App, prepare } from "./app.js";
import { html, render } from "./lib/dom.js";

await prepare().catch(() => {});
const app = document.getElementById("app");
app.replaceChildren();
render(html`<${App} />`, app);
