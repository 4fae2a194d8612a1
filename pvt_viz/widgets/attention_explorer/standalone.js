// The explorer on a page of its own, see standalone.py: the view is the address's fragment, where there is an address.

{
  const embedded = window !== window.parent; // in a notebook: its address is not ours to change
  const packed = atob(document.getElementById("payload").textContent);
  attentionExplorer({
    parentElement: document.querySelector("main"),
    data: Uint8Array.from(packed, (character) => character.charCodeAt(0)),
    name: "standalone",
    view: embedded ? "" : new URLSearchParams(location.hash.slice(1)).get("view"),
    setStateValue: (_name, view) => {
      if (!embedded) history.replaceState(null, "", `#view=${view.replace(/~n\d+$/, "")}`);
    },
  });
  window.addEventListener("hashchange", () => location.reload());
}
