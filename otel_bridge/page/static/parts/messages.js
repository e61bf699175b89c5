// A conversation: who said what, in order, with what tools were asked and answered.
import { conversation } from "../lib/conversation/index.js";
import { isShown } from "../lib/conversation/media.js";
import { cx, html, useMemo, useState } from "../lib/dom.js";
import { bytes, plural } from "../lib/format.js";
import { Copy, Text } from "./basics.js";
import { Json, written } from "./json.js";
import { Paragraph, Prose } from "./text.js";

const ROLE_WORDS = { system: "System", user: "User", assistant: "Assistant", tool: "Tool" };
const MOST_SHOWN = 40;
const LAST_SHOWN = 12;
const LONG_SYSTEM = 600;

/** Read a call as a conversation; null when it is none, or when it cannot be read. */
export function readConversation(call) {
  try {
    return conversation(call);
  } catch (error) {
    console.warn("not read as a conversation", error);
    return null;
  }
}

/** The messages of a call; nothing when it has none. `marks` says which of them are its answer. */
export function Conversation({ call, read, marks = true }) {
  const found = useMemo(() => read ?? readConversation(call), [call, read]);
  const [all, setAll] = useState(false);
  if (!found) return null;
  const { messages, recorded } = found;
  const hidden = all || messages.length <= MOST_SHOWN ? 0 : messages.length - LAST_SHOWN - 2;
  const shown = hidden ? [...messages.slice(0, 2), null, ...messages.slice(-LAST_SHOWN)] : messages;
  return html`<ol class="conversation">
    ${!recorded && html`<${NotRecorded} />`}
    ${shown.map((one, index) =>
      one
        ? html`<${Message} key=${index} message=${one} marks=${marks} />`
        : html`<li key="more"
      class="message-gap"><button type="button" class="button"
      onClick=${() => setAll(true)}>Show ${plural(hidden, "message")} between</button></li>`,
    )}
  </ol>`;
}

const NotRecorded = () => html`<li class="hint">
  The sender does not record what is said. For OpenTelemetry's instrumentations set
  ${" "}<code>OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT</code>, for others see their documentation.
</li>`;

function Message({ message, marks }) {
  const { role, name, parts, finish, from } = message;
  const words = parts.map(asText).join("\n\n");
  const ended = /^(stop|end_turn)$/.test(finish) ? "" : finish.replaceAll("_", " ");
  return html`<li class=${cx("message", `message-${role}`)} data-role=${role} data-from=${from}>
    <div class="message-head"><span class="message-role">${ROLE_WORDS[role] ?? role}</span>
      ${name && html`<${Text} class="soft">${name}<//>`}
      ${marks && from === "output" && html`<span class="badge">answer</span>`}
      ${ended && html`<span class="badge" title="Why it ended"><bdi>${ended}</bdi></span>`}
      ${words && html`<${Copy} class="message-copy" text=${words} />`}
    </div>
    <div class="message-body">
      ${parts.map((part, index) => html`<${Part} key=${index} part=${part} role=${role} />`)}
      ${!parts.length && html`<p class="soft">(nothing recorded)</p>`}
    </div>
  </li>`;
}

const asText = (part) =>
  part.text ?? (part.kind === "tool_call" ? `${part.name}(${written(part.args ?? {})})` : part.kind === "media" ? "" : written(part.value));

function Part({ part, role }) {
  switch (part.kind) {
    case "text":
      return role === "system" && part.text.length > LONG_SYSTEM
        ? html`<${Folded} text=${part.text} />`
        : html`<${Prose} text=${part.text} />`;
    case "thought":
      return html`<details class="thought"><summary>Reasoning</summary><${Prose} text=${part.text} /></details>`;
    case "tool_call":
      return html`<div class="tool-call">
        <${ToolHead} mark="→" word="Tool call" name=${part.name || "(no name)"} id=${part.id} />
        ${part.args !== undefined && html`<${Value} value=${part.args} />`}
      </div>`;
    case "tool_result":
      return html`<div class=${cx("tool-result", part.failed && "tool-failed")}>
        <${ToolHead} mark="←" word="Tool result" name=${part.name} id=${part.id} failed=${part.failed} />
        ${part.value === undefined ? html`<p class="soft">(nothing recorded)</p>` : html`<${Value} value=${part.value} />`}
      </div>`;
    case "media":
      return html`<${Media} media=${part.media} />`;
    default:
      return html`<${Value} value=${part.value} />`;
  }
}

const ToolHead = ({ mark, word, name, id, failed = false }) => html`<div class="tool-head">
  <span class="tool-mark" aria-hidden="true">${mark}</span><span class="unseen">${word} </span>
  <strong><${Text}>${name}<//></strong>
  ${failed && html`<span class="bad">failed</span>`}
  ${id && html`<code class="soft tool-id">${id}</code>`}
</div>`;

/** A value as text where it is one, else as JSON that folds. */
export const Value = ({ value }) => (typeof value === "string" ? html`<${Paragraph} text=${value} />` : html`<${Json} value=${value} />`);

function Folded({ text }) {
  const [open, setOpen] = useState(false);
  return html`<${Prose} text=${open ? text : `${text.slice(0, LONG_SYSTEM)}…`} />
    <button type="button" class="more" aria-expanded=${String(open)}
      onClick=${() => setOpen(!open)}>${open ? "Show less" : `Show all (${bytes(text.length)})`}</button>`;
}

const MEDIA_WORDS = { image: "Image", audio: "Audio", file: "File" };

/** Images and sound that came as data; what lies elsewhere is named and not fetched. */
function Media({ media }) {
  const { kind, src, type, name } = media;
  if (isShown(media) && kind === "audio") return html`<figure class="media"><audio controls src=${src}></audio></figure>`;
  if (!isShown(media)) return html`<p class="media soft">${MEDIA_WORDS[kind]} <bdi>${name}</bdi> ${type} <${Place} src=${src} /></p>`;
  return html`<figure class="media">
    <img src=${src} alt=${name || "Image of the message"} loading="lazy" />
    <figcaption class="soft">${type || "image"}, ${bytes(Math.round((src.length - src.indexOf(",")) * 0.75))}</figcaption>
  </figure>`;
}

function Place({ src }) {
  if (!src) return "(not recorded)";
  return src.startsWith("data:") ? `(${bytes(src.length)})` : html`<code dir="ltr">${src.slice(0, 300)}</code>`;
}
