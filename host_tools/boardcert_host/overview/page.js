"use strict";
(() => {
  const parts = [...document.querySelectorAll("#boards .part")];
  if (!parts.length) return;
  const tables = parts.map((part) => part.querySelector("table"));
  const size = tables[0].tBodies.length;
  const heads = [...tables[0].tHead.rows[0].cells];
  const bodies = tables.flatMap((table) => [...table.tBodies]);
  const rows = bodies.map((body, place) => {
    const cells = [...body.rows[0].cells].map((cell) => cell.textContent.trim());
    return { body, place, cells, text: cells.join(" ").toLowerCase() };
  });
  const state = 0;
  const days = 4;
  let shown = rows;

  const show = () => {
    tables.forEach((table, number) => {
      const part = shown.slice(number * size, (number + 1) * size);
      for (const body of [...table.tBodies]) body.remove();
      table.append(...part.map((row) => row.body));
      parts[number].hidden = number > 0 && !part.length;
    });
  };
  const compare = (column) => (a, b) => {
    const [x, y] = [a.cells[column], b.cells[column]];
    if (column === state || x === y) return a.place - b.place;
    if (!x || !y) return x ? -1 : 1;
    return column === days ? x - y : x < y ? -1 : 1;
  };
  const find = document.getElementById("find");
  const input = find.querySelector("input");
  const found = find.querySelector("[role=status]");
  const filter = () => {
    const wanted = input.value.trim().toLowerCase();
    shown = rows.filter((row) => row.text.includes(wanted));
    found.textContent = wanted ? `${shown.length} found` : "";
    show();
  };
  const sort = (head, column) => {
    const isDown = head.getAttribute("aria-sort") === "ascending";
    for (const one of heads) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    rows.sort(compare(column));
    if (isDown) rows.reverse();
    filter();
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, column));
    head.replaceChildren(button);
  });
  let waiting;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 150);
  });
  find.hidden = false;
})();
