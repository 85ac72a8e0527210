type Child = Node | string | null | undefined | false

/** Make an element with attributes and children. Texts become text nodes: nothing of a survey is ever markup. */
export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string | number | boolean | null | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] => {
  const made = document.createElement(tag)
  for (const name in attributes) {
    const value = attributes[name]
    if (value != null && value !== false) made.setAttribute(name, value === true ? '' : value + '')
  }
  made.append(...children.filter((child): child is Node | string => !!child))
  return made
}
