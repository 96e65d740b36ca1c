// Hides what does not hold all the words, opens what does, and keeps the words in the address.
const box = document.querySelector("nav input"), entries = [...document.querySelectorAll("[data-entry]")];
const groups = [...document.querySelectorAll("[data-group]")], start = /^#find=(.*)/.exec(location.hash);
function find() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const entry of entries) {
    const text = (entry.dataset.entry + " " + entry.textContent).toLowerCase();
    entry.hidden = !words.every(word => text.includes(word));
  }
  for (const group of groups) {
    group.hidden = words.length > 0 && !group.querySelector("[data-entry]:not([hidden])");
    if (words.length && group.tagName === "DETAILS") group.open = true;
  }
}
box.addEventListener("input", () => {
  find();
  history.replaceState(null, "", box.value ? "#find=" + encodeURIComponent(box.value) : "#");
});
box.hidden = false;
if (start) { box.value = decodeURIComponent(start[1]); find(); }
