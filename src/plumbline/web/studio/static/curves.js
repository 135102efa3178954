// Curves of a training run, drawn again as it goes on.
import { element } from "./forms.js";

const EVERY = 2000; // milliseconds
const SIZE = { width: 360, height: 170, left: 46, right: 8, top: 8, bottom: 22 };
const far = (x) => Math.abs(x) >= 1e5 || (x !== 0 && Math.abs(x) < 1e-3);
const short = (x) => (far(x) ? x.toExponential(1) : String(Number(x.toPrecision(4))));

function svg(tag, attributes, text = "") {
  const one = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  one.textContent = text;
  return one;
}

function drawn(name, points) {
  const [xs, ys] = [0, 1].map((i) => points.map((point) => point[i]));
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const { width, height, left, right, top, bottom } = SIZE;
  const x = (v) => left + ((v - x0) / (x1 - x0 || 1)) * (width - left - right);
  const y = (v) => height - bottom - ((v - y0) / (y1 - y0 || 1)) * (height - top - bottom);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${name} by step` });
  picture.append(
    svg("path", { class: "axis", d: `M${left} ${top}V${height - bottom}H${width - right}`, fill: "none" }),
    svg("path", { class: "curve", d: `M${points.map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("L")}` }));
  for (const [across, down, anchor, value, needed] of [
    [left - 5, top + 8, "end", y1, true], [left - 5, height - bottom, "end", y0, y1 > y0],
    [left, height - 6, "start", x0, true], [width - right, height - 6, "end", x1, x1 > x0],
  ]) if (needed) picture.append(svg("text", { x: across, y: down, "text-anchor": anchor }, short(value)));
  return element("figure", "", "", element("figcaption", "", name, element("data", "", short(ys.at(-1)))), picture);
}

async function draw(box) {
  const line = document.querySelector("#said");
  try {
    const reply = await fetch(box.dataset.run);
    if (!reply.ok) throw new Error(reply.status);
    const { curves, rows } = await reply.json();
    box.replaceChildren(...Object.entries(curves).map(([name, points]) => drawn(name, points)));
    line.textContent = `${rows} steps written`;
  } catch {
    line.textContent = "There is no connection; the curves are drawn again as soon as there is one.";
  }
}

const box = document.querySelector("[data-run]");
draw(box);
setInterval(() => document.hidden || draw(box), EVERY);
