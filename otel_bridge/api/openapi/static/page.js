// What the page of the API does beyond being read: it finds, copies, and opens what a link leads to.
"use strict";

const ORIGIN = "http://127.0.0.1:6345";

function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.hidden = false;
    target.scrollIntoView();
  }
}

function find(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const one of document.querySelectorAll("main details")) {
    const text = one.querySelector("summary").textContent.toLowerCase();
    one.hidden = !wanted.every((word) => text.includes(word));
    count += one.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll("main section")) {
    section.hidden = !section.querySelector("details:not([hidden])");
  }
  document.getElementById("found").value = wanted.length ? `${count} found` : "";
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

function addCopying(block) {
  const pre = block.querySelector("pre");
  pre.textContent = pre.textContent.replace(ORIGIN, location.origin);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", () => copy(button, pre.textContent));
  block.append(button);
}

document.querySelectorAll(".command").forEach(addCopying);
document.querySelector(".search").hidden = false;
document.getElementById("find").addEventListener("input", (event) => find(event.target.value));
addEventListener("hashchange", openTarget);
openTarget();
