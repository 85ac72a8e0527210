/** Make an element with properties and children; text children become text, never markup. */
export const build = (tag, properties = {}, ...children) => {
  const { dataset, ...plain } = properties
  const element = Object.assign(document.createElement(tag), plain)
  Object.assign(element.dataset, dataset)
  element.append(...children.filter((child) => child !== null && child !== undefined))
  return element
}

/** Change a text only if it differs, so that nothing is drawn or read aloud again for nothing. */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text
}
