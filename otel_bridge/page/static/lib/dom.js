// Rendering: preact through tagged templates. Text always becomes text nodes, never HTML.
import { Component, h, render } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export {
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "../vendor/preact-hooks.js";
export { Component, h, render };
export const html = htm.bind(h);

/** Join the class names that are truthy. */
export const cx = (...names) => names.filter(Boolean).join(" ");
