// What is wrong with the page in the frame, as lines of text: what axe finds first, and what a small screen would cut off.
"use strict";
function audit(page) {
  const { document: its } = page, found = [];
  const rgba = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) =>
    [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = page.getComputedStyle(at).backgroundColor;
      if (colour.startsWith("rgb") && (rgba(colour)[3] ?? 1) === 1) return rgba(colour);
    }
    return [255, 255, 255];
  };
  const said = (element) => `<${element.localName} class="${element.className}"> ${element.textContent.trim().slice(0, 40)}`;

  for (const details of its.querySelectorAll("details")) details.open = true;
  if (!its.documentElement.lang) found.push("no language");
  if (!its.title) found.push("no title");
  if (its.querySelectorAll("h1").length !== 1) found.push("not one h1");
  if (!its.querySelector("main")) found.push("no main");
  if (its.documentElement.scrollWidth > page.innerWidth)
    found.push(`wider than the window: ${its.documentElement.scrollWidth} > ${page.innerWidth}`);
  const ids = [...its.querySelectorAll("[id]")].map((each) => each.id);
  if (new Set(ids).size !== ids.length) found.push("an id twice");
  for (const head of its.querySelectorAll("th")) if (!head.scope) found.push(`th without scope: ${said(head)}`);
  for (const link of its.querySelectorAll("a[href^='#']"))
    if (!its.getElementById(link.hash.slice(1))) found.push(`link to nowhere: ${link.hash}`);
  for (const control of its.querySelectorAll("a, button, summary, [tabindex]"))
    if (!control.textContent.trim() && !control.ariaLabel) found.push(`control without a name: ${said(control)}`);
  for (const each of its.querySelectorAll("[src], link[href], a[href^='http'], [onerror], [onclick]"))
    found.push(`loads or runs something: ${said(each)}`);
  let level = 0;
  for (const heading of its.querySelectorAll("h1, h2, h3, h4, h5")) {
    const now = Number(heading.localName[1]);
    if (now > level + 1) found.push(`heading skips a level: ${said(heading)}`);
    level = now;
  }
  for (const element of its.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const box = element.getBoundingClientRect();
    if (!own || !box.width || element.closest("script, style")) continue;
    const style = page.getComputedStyle(element);
    const [ink, paper] = [rgba(style.color), behind(element)].map(light);
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)}: ${said(element)}`);
    if (parseFloat(style.fontSize) < 11.5) found.push(`too small: ${said(element)}`);
    if (!element.closest(".panel[tabindex]") && (box.right > page.innerWidth + 1 || box.left < -1))
      found.push(`cut off at ${box.right}: ${said(element)}`);
  }
  return [...new Set(found)];
}
