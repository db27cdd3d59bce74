// Making elements: the page is built by hand and never from strings of HTML.

/** Make an element; attributes whose value is null, undefined or false are left out. */
export function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...inside.filter((part) => part !== null && part !== undefined));
  return element;
}

const SHAPES = {
  send: "M3 11.5 21 3l-6 18-3.5-7.5z M21 3 11.5 13.5",
  clip: "M19 11.5 12 18.5a4.2 4.2 0 0 1-6-6L13.5 5a2.8 2.8 0 0 1 4 4l-7.5 7.5a1.4 1.4 0 0 1-2-2L15 7.5",
  more: "M12 5.5v.01 M12 12v.01 M12 18.5v.01",
  menu: "M4 7h16 M4 12h16 M4 17h10",
  close: "M6 6l12 12 M18 6 6 18",
  pen: "M5 19l1-4L16 5l3 3L9 18z",
  file: "M7 3h7l4 4v14H7z M14 3v4h4",
};

/** Draw one of the page's own icons; it says nothing to a screen reader. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}
