// A tag in the code and its equation light up together, by mouse and by keyboard. Where the equation is out of sight, a
// copy of it is shown beside the tag. The links themselves work without this.
(() => {
  let pop = null;
  const drop = () => { pop?.remove(); pop = null; };
  const other = link => document.getElementById(decodeURIComponent((link.getAttribute("href").split("#")[1]) || ""));
  const show = (link, there) => {
    const formula = there.querySelector("mjx-container");
    const box = there.getBoundingClientRect();
    if (!formula || box.bottom > 60 && box.top < innerHeight) return;
    pop = document.createElement("div");
    pop.className = "tag-equation";
    pop.setAttribute("aria-hidden", "true");
    pop.append(formula.cloneNode(true));
    document.body.append(pop);
    const at = link.getBoundingClientRect();
    pop.style.left = `${Math.max(8, Math.min(at.left, innerWidth - pop.offsetWidth - 8))}px`;
    pop.style.top = `${at.bottom + pop.offsetHeight + 8 < innerHeight ? at.bottom + 6 : at.top - pop.offsetHeight - 6}px`;
  };
  for (const link of document.querySelectorAll("a.tag[href^='#'], a.to-line[href^='#']")) {
    const there = other(link);
    if (!there) continue;
    const here = link.closest(".tagged") || link;
    const on = () => {
      drop();
      for (const node of [here, there]) node.classList.add("lit");
      if (link.matches(".tag")) show(link, there);
    };
    const off = () => { drop(); for (const node of [here, there]) node.classList.remove("lit"); };
    for (const event of ["mouseenter", "focus"]) link.addEventListener(event, on);
    for (const event of ["mouseleave", "blur"]) link.addEventListener(event, off);
  }
  addEventListener("keydown", event => { if (event.key === "Escape") drop(); });
})();
