// Before the first paint: the colours a person chose on this page, if they did.
try {
  const chosen = localStorage.getItem("otel-bridge.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // storage is switched off: the system's colours it is
}
