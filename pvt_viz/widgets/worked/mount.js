// Where Streamlit comes in: one board per mounted element, however often it is called.

const boards = new WeakMap();

function close(parentElement) {
  boards.get(parentElement)?.board.destroy();
  boards.delete(parentElement);
}

// Streamlit calls this again on the same element whenever Python sends new data.
export default function workedBoard({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".worked");
  if (!root || !data) return undefined;
  if (boards.get(parentElement)?.board.root !== root) {
    close(parentElement);
    boards.set(parentElement, { board: new Worked(root), calls: 0 });
  }
  const mounted = boards.get(parentElement);
  mounted.board.receive(data, setStateValue);

  // A superseded call's cleanup may run while a newer one is live: only the newest may tear down.
  const token = ++mounted.calls;
  root.dataset.calls = token;
  return () => {
    if (mounted.calls === token && boards.get(parentElement) === mounted) close(parentElement);
  };
}
