const linger = 8000;

// say announces one sentence in the live region of the page.
export function say(text) {
  if (!text) return;
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
  document.getElementById("toasts")?.append(toast);
  fade(toast);
}

// A toast stays while somebody reads it with pointer or focus.
function fade(toast) {
  setTimeout(() => (toast.matches(":hover, :focus-within") ? fade(toast) : toast.remove()), linger);
}

// settleToasts lets the ones the server rendered go, too.
export function settleToasts() {
  document.querySelectorAll(".toasts .toast").forEach(fade);
}
