// The body says which view it shows and whether that has its first answer: for tests and for scripts of people.
import { useLayoutEffect } from "./dom.js";
import { route } from "./router.js";

/** Say `done` once the view has shown what it asked for, or why it could not. */
export function useReady(done) {
  useLayoutEffect(() => {
    document.body.dataset.view = route.get().view;
    document.body.dataset.ready = String(Boolean(done));
  });
}
