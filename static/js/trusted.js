// Trusted Types: the policy of our pages lets no text become markup or the address of a
// script, and this is who decides on exceptions. Markup is what htmx puts into the page of
// an answer from here, at that moment; what runs comes from our own files. Everything else
// is refused, whoever asks. htmx knows nothing of it.
if (window.trustedTypes) {
  let swapping = false;
  document.addEventListener("htmx:beforeSwap", () => {
    swapping = true;
    queueMicrotask(() => (swapping = false)); // when htmx is done: a swap waits for nothing
  });
  const ours = (address) => {
    const url = new URL(address, document.baseURI);
    return url.origin === location.origin && url.pathname.startsWith("/static/");
  };
  trustedTypes.createPolicy("default", {
    createHTML: (text) => (swapping ? text : null),
    createScriptURL: (address) => (ours(address) ? address : null),
  });
}
