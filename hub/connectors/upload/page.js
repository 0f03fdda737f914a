// Nothing here is needed: the page works without it. Dropping a file, one click for one sending, printing.
"use strict";
document.documentElement.classList.add("script");

const drop = document.querySelector(".drop");
if (drop) {
  const file = drop.querySelector("input[type=file]");
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) {
    drop.addEventListener(kind, () => drop.classList.remove("over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length === 1) file.files = event.dataTransfer.files;
  });
  // beside the box a dropped file would replace the page
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
}

for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.going) { event.preventDefault(); return; }
    form.dataset.going = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form")) delete form.dataset.going;
});

for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
