// Where two texts differ, by words.

const MOST_CELLS = 400_000;
const LEAST_SHARED = 0.3;

/**
 * Split two texts into parts: `[[{text, changed}], [{text, changed}]]`. What both have in the same order is
 * not changed. Texts that are too long for an exact answer differ from their first to their last difference.
 */
export function marked(a, b) {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  const start = commonLength(left, right, (words, index) => words[index]);
  const [restLeft, restRight] = [left.slice(start), right.slice(start)];
  const end = commonLength(restLeft, restRight, (words, index) => words.at(-1 - index));
  const middle = [restLeft.slice(0, restLeft.length - end), restRight.slice(0, restRight.length - end)];
  const same = commonWords(...middle).map((kept, side) => (isLike(middle[side], kept) ? kept : new Set()));
  const side = (words, kept) =>
    joined([
      ...left.slice(0, start).map((text) => ({ text, changed: false })),
      ...words.map((text, index) => ({ text, changed: !kept.has(index) })),
      ...restLeft.slice(restLeft.length - end).map((text) => ({ text, changed: false })),
    ]);
  return [side(middle[0], same[0]), side(middle[1], same[1])];
}

/** Texts that share but a word here and there are not alike: marking each is noise. */
function isLike(words, kept) {
  const letters = (some) => some.join("").replace(/[^\p{L}\p{N}]/gu, "").length;
  return letters([...kept].map((at) => words[at])) >= LEAST_SHARED * letters(words);
}

const wordsOf = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

function commonLength(a, b, at) {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && at(a, length) === at(b, length)) length += 1;
  return length;
}

/** The places of a longest common subsequence on both sides. */
function commonWords(a, b) {
  const kept = [new Set(), new Set()];
  if (!a.length || !b.length || a.length * b.length > MOST_CELLS) return kept;
  const lengths = lengthsOf(a, b);
  const width = b.length + 1;
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      kept[0].add(i++);
      kept[1].add(j++);
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i += 1;
    else j += 1;
  }
  return kept;
}

function lengthsOf(a, b) {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const here = i * width + j;
      lengths[here] = a[i] === b[j] ? lengths[here + width + 1] + 1 : Math.max(lengths[here + width], lengths[here + 1]);
    }
  }
  return lengths;
}

/** Neighbours of one kind as one part. */
function joined(parts) {
  const found = [];
  for (const part of parts) {
    if (found.at(-1)?.changed === part.changed) found.at(-1).text += part.text;
    else found.push({ ...part });
  }
  return found;
}
