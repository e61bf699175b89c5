// What a browser keeps for this page. Where storage is switched off, it lasts as long as the page.
const prefix = "otel-bridge.";

function keeper(storage) {
  const memory = new Map();
  return {
    get(name) {
      try {
        return window[storage].getItem(prefix + name) ?? memory.get(name) ?? null;
      } catch {
        return memory.get(name) ?? null;
      }
    },
    set(name, value) {
      if (value === null) memory.delete(name);
      else memory.set(name, value);
      try {
        if (value === null) window[storage].removeItem(prefix + name);
        else window[storage].setItem(prefix + name, value);
      } catch {
        // full or switched off: memory has it
      }
    },
  };
}

/** For good: the theme, the projects that were opened, widths of panes. */
export const kept = keeper("localStorage");

/** For this tab: the key. */
export const passing = keeper("sessionStorage");
