// Datasette's own pages, for those who hear them or have no mouse: their language, where the page is, what each field is
// for, and tables that can be scrolled by keys. Its editor of SQL comes when all is loaded.
"use strict";
document.documentElement.lang = "en";
const NAMES = { _filter_column: "Column", _filter_op: "Comparison", _filter_value: "Value", _sort: "Sort by", sql: "SQL" };
function name() {
  document.querySelector("section.content")?.setAttribute("role", "main");
  for (const field of document.querySelectorAll("select, textarea, input[type=text], input[type=search]"))
    if (!field.labels?.length && !field.hasAttribute("aria-label"))
      field.setAttribute("aria-label", NAMES[field.name.replace(/_\d+$/, "")] ?? (field.closest("form.sql") ? "SQL" : "Value"));
  for (const heading of document.querySelectorAll("section.content h3")) heading.setAttribute("aria-level", "2");
  for (const wide of document.querySelectorAll(".table-wrapper")) wide.tabIndex = 0;
}
addEventListener("DOMContentLoaded", name);
addEventListener("load", () => setTimeout(name));
