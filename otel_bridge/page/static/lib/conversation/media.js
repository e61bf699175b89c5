// Images, sound and files inside messages: what each maker of SDKs calls them.
import { first, isObject } from "./words.js";

const KINDS = {
  image: "image",
  input_image: "image",
  image_url: "image",
  "image-url": "image",
  audio: "audio",
  input_audio: "audio",
  "audio-url": "audio",
  video: "file",
  file: "file",
  input_file: "file",
  document: "file",
  "document-url": "file",
  blob: null,
  uri: null,
  binary: null,
  media: null,
};

/** Read a part as media: `{kind: "image" | "audio" | "file", src, type, name}`, or null. `src` is a data: URI or an address. */
export function media(part) {
  const google = first(part, "inline_data", "inlineData", "file_data", "fileData");
  if (isObject(google)) return made(null, google);
  if (isObject(part.image) && !part.type) return made("image", bedrock(part.image));
  if (!(part.type in KINDS)) return null;
  return made(KINDS[part.type] ?? kindOf(first(part, "modality", "mime_type", "media_type", "mediaType") ?? ""), part);
}

function made(kind, part) {
  const inner = first(part, "image_url", "input_audio", "source", "image", "file", "audio");
  const from = isObject(inner)
    ? { ...part, ...(isObject(inner.image) ? inner.image : inner) }
    : typeof inner === "string"
      ? { ...part, url: inner }
      : part;
  const type = String(
    first(from, "mime_type", "media_type", "mimeType", "mediaType") ?? (from.format ? `${kind ?? "audio"}/${from.format}` : ""),
  );
  const data = first(from, "url", "uri", "file_uri", "fileUri", "data", "content", "bytes", "file_data");
  const sort = kind ?? kindOf(type);
  if (typeof data !== "string") return { kind: sort, src: null, type, name: named(from) };
  return { kind: sort, src: address(data, type, sort), type, name: named(from) };
}

const named = (from) => String(first(from, "filename", "file_name", "name", "file_id") ?? "");

function kindOf(type) {
  if (/^image/.test(type)) return "image";
  return /^audio/.test(type) ? "audio" : "file";
}

function bedrock(image) {
  const bytes = image.source?.bytes;
  return { ...image, mime_type: image.format ? `image/${image.format}` : "", data: bytes };
}

const BASE64 = /^[A-Za-z0-9+/_-]+=*$/;
const FIRST_BYTES = { iVBOR: "image/png", "/9j/": "image/jpeg", R0lGO: "image/gif", UklGR: "image/webp" };

/** Make a data: URI of bare base64; what is an address already stays one. */
function address(data, type, sort) {
  const text = data.trim();
  if (/^(data|https?|gs|s3|file|blob):/i.test(text)) return text;
  const bare = text.replace(/\s+/g, "");
  if (!BASE64.test(bare)) return null;
  const sniffed = Object.entries(FIRST_BYTES).find(([start]) => bare.startsWith(start))?.[1];
  return `data:${type || sniffed || (sort === "audio" ? "audio/wav" : "application/octet-stream")};base64,${bare.replaceAll("-", "+").replaceAll("_", "/")}`;
}

const SHOWN = /^data:image\/(png|jpe?g|gif|webp|avif|bmp)[;,]/i;
const HEARD = /^data:audio\/(mpeg|mp3|wav|x-wav|ogg|webm|aac|flac|mp4)[;,]/i;

/** Whether the page itself may show or play it: data, in a format that cannot run. */
export const isShown = ({ kind, src }) => Boolean(src && (kind === "image" ? SHOWN.test(src) : kind === "audio" && HEARD.test(src)));
