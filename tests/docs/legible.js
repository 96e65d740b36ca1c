// What of the text of a page cannot be read: a function that lists texts by their contrast, and one by their size.
window.legible = (() => {
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  // Red, green, blue from 0 to 255 and alpha from 0 to 1, of any color that a style sheet may name.
  const color = name => {
    if (!known.has(name)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = name;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      known.set(name, [r, g, b, a / 255]);
    }
    return known.get(name);
  };
  const over = (top, under, alpha = top[3]) => under.slice(0, 3).map((x, i) => alpha * top[i] + (1 - alpha) * x);
  const ancestors = element => element ? [...ancestors(element.parentElement), element] : [];
  const behind = element => ancestors(element).reduce((under, e) => over(color(getComputedStyle(e).backgroundColor), under), [255, 255, 255]);
  const luminance = rgb => rgb.map(x => x / 255).map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [.2126, .7152, .0722][i], 0);
  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + .05) / (low + .05);
  };
  const texts = () => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
    return [...document.body.querySelectorAll("*")].filter(e =>
      [...e.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim())
      && !e.closest("script, style, noscript, mjx-assistive-mml, title")
      && e.checkVisibility({ opacityProperty: true, visibilityProperty: true }));
  };
  const name = e => `${e.tagName.toLowerCase()}.${e.getAttribute("class") || ""}: ${e.textContent.trim().slice(0, 40)}`;
  return {
    texts,
    faint: least => [...new Set(texts().flatMap(e => {
      const style = getComputedStyle(e), under = behind(e);
      const ink = color(e instanceof SVGElement ? style.fill : style.color);
      const alpha = ancestors(e).reduce((product, a) => product * getComputedStyle(a).opacity, ink[3]);
      const found = contrast(over(ink, under, alpha), under);
      return found < least ? [`${found.toFixed(2)} ${name(e)}`] : [];
    }))],
    small: least => [...document.querySelectorAll("article svg text")].flatMap(e => {
      const size = parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a;
      return size < least ? [`${size.toFixed(1)} ${name(e)}`] : [];
    }),
  };
})();
