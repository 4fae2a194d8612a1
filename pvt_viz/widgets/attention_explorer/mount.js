// Where Streamlit comes in (or a page of our own, see standalone.js): one explorer per mounted element.

const instances = new WeakMap();
let alive = 0;

// Streamlit gives every mount a new id, but marks the container with the key that Python chose.
function memoryKeyOf(parentElement, name) {
  const host = parentElement.host ?? parentElement;
  const keyed = host.closest("[class*='st-key-']");
  return [...(keyed?.classList ?? [])].find((item) => item.startsWith("st-key-")) ?? name;
}

function open(parentElement, root, name) {
  alive++;
  const explorer = new Explorer(root, memoryKeyOf(parentElement, name));
  instances.set(parentElement, { explorer, calls: 0 });
}

function close(parentElement) {
  alive--;
  instances.get(parentElement).explorer.destroy();
  instances.delete(parentElement);
}

// Streamlit calls this again on the same element whenever Python sends new data. Of `view` it knows nothing.
export default function attentionExplorer({ parentElement, data, name, setStateValue, view }) {
  const root = parentElement.querySelector(".pvt");
  if (!root || !data?.byteLength) return undefined;
  const known = instances.get(parentElement);
  if (known && known.explorer.root !== root) close(parentElement);
  if (!instances.has(parentElement)) open(parentElement, root, name);
  const mounted = instances.get(parentElement);
  mounted.explorer.receive(data, setStateValue, view);

  // A superseded call's cleanup may run while a newer one is live: only the newest may tear down.
  const token = ++mounted.calls;
  Object.assign(root.dataset, { instances: alive, calls: token });
  return () => {
    if (mounted.calls === token && instances.get(parentElement) === mounted) close(parentElement);
  };
}
