// What the tests ask of a page: what overflows, what is too faint to read, where the focus is.

function overflows() {
  const found = [];
  const whole = document.documentElement.scrollWidth;
  if (whole > innerWidth) found.push(`the page: ${whole}`);
  for (const one of document.querySelectorAll("body *")) {
    const [box, style] = [one.getBoundingClientRect(), getComputedStyle(one)];
    if (!box.width || !box.height || style.position === "absolute") continue;
    if (!one.checkVisibility() || one.closest(".unread, .jump, svg")) continue;
    const name = `${one.tagName}.${one.className}`;
    if (box.right > innerWidth + 1 && !one.closest(".scroll, .md table, pre")) found.push(`${name} to ${box.right}`);
    const may = style.overflowX !== "visible" || style.display === "inline" || one.matches("input, select, textarea");
    if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth && !may)
      found.push(`${name} holds ${one.scrollWidth} in ${one.clientWidth}`);
  }
  return found;
}

const rgb = (text) => text.match(/[\d.]+/g).map(Number);
const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const luminance = (c) => c.slice(0, 3).reduce((sum, v, i) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][i], 0);

function behind(one) {
  for (; one; one = one.parentElement) {
    const colour = rgb(getComputedStyle(one).backgroundColor);
    if (colour.length < 4 || colour[3] === 1) return colour;
  }
  return rgb(getComputedStyle(document.body).backgroundColor);
}

// Text whose contrast is under 4.5 to 1 (WCAG 2.2, 1.4.3).
function faint() {
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    const words = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!words || !one.checkVisibility({ visibilityProperty: true }) || one.closest(".unread, .jump")) continue;
    const [style, back] = [getComputedStyle(one), behind(one)];
    const seen = Number(style.opacity);
    const fore = rgb(style.color).slice(0, 3).map((v, i) => v * seen + back[i] * (1 - seen));
    const [low, high] = [luminance(fore), luminance(back)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) found.push(`${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  return found;
}

function focused() {
  const one = document.activeElement;
  const style = getComputedStyle(one.closest(".scale label") ?? one);
  return {
    tag: one.tagName, name: (one.name || one.textContent).trim().slice(0, 30), outline: style.outlineStyle,
    order: [...document.querySelectorAll("*")].indexOf(one), inside: Boolean(one.closest(".acts")),
  };
}

Object.assign(window, { overflows, faint, focused });
