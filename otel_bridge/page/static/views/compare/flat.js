// A JSON tree as rows, and two trees as pairs of rows.

const MOST_ROWS = 5000;

/** The leaves of a tree: a Map from path to value. Empty objects and lists are leaves. */
export function leaves(value) {
  const found = new Map();
  const waiting = [["", value]];
  while (waiting.length && found.size < MOST_ROWS) {
    const [path, one] = waiting.pop();
    const members = one !== null && typeof one === "object" ? Object.entries(one) : [];
    if (!members.length) found.set(path, one);
    const below = members.map(([name, member]) => [path ? `${path}.${name}` : name, member]);
    waiting.push(...below.reverse());
  }
  return found;
}

/** Rows of two trees: `{path, a, b, differs}`; a side that lacks the path has undefined. */
export function pairs(a, b) {
  const [left, right] = [leaves(a), leaves(b)];
  const paths = [...new Set([...left.keys(), ...right.keys()])];
  const known = new Set(left.keys());
  const rows = (known.size === paths.length ? paths : woven(left, right)).map((path) => ({ path, a: left.get(path), b: right.get(path) }));
  return rows.map((row) => ({ ...row, differs: written(row.a) !== written(row.b) }));
}

/** The paths of both sides in an order that keeps each side's own: what only B has comes after what it follows there. */
function woven(left, right) {
  const after = new Map();
  let last = null;
  for (const path of right.keys()) {
    if (left.has(path)) last = path;
    else after.set(last, [...(after.get(last) ?? []), path]);
  }
  return [...(after.get(null) ?? []), ...[...left.keys()].flatMap((path) => [path, ...(after.get(path) ?? [])])];
}

/** A leaf as text; undefined stays undefined. */
export function written(value) {
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
