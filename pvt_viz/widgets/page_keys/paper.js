// A chart is as wide as the screen was. On paper it should be drawn smaller, not cut off: that takes a view box.
window.addEventListener("beforeprint", () => {
  for (const svg of document.querySelectorAll(".js-plotly-plot .main-svg")) {
    const { width, height } = svg.getBoundingClientRect();
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const within = svg.closest(".svg-container")?.style;
    within?.setProperty("--printed-width", `${width}px`);
    within?.setProperty("--printed-shape", width / height);
  }
});
window.addEventListener("afterprint", () => {
  for (const svg of document.querySelectorAll(".js-plotly-plot .main-svg")) svg.removeAttribute("viewBox");
});
