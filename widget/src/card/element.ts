export type Child = Node | string | null | undefined | false

/**
 * Make an element with attributes and children. Texts become text nodes: nothing of a survey is ever markup. What is
 * called when something happens is set as a property, since an attribute would be a script in the page's eyes.
 */
export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, unknown> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] => {
  const made = document.createElement(tag) as any
  for (const [name, value] of Object.entries(attributes)) {
    // Nothing is returned, since returning false would cancel what happened.
    if (name.startsWith('on')) made[name] = (event: Event) => void (value as (event: Event) => unknown)(event)
    else if (value != null && value !== false) made.setAttribute(name, value)
  }
  made.append(...children.filter((child) => child))
  return made
}

/** A button that does nothing but what it is told to. */
export const button = (kind: string, onclick: () => void, attributes: Record<string, unknown>, ...seen: Child[]): HTMLElement =>
  element('button', { type: 'button', class: kind, onclick, ...attributes }, ...seen)
