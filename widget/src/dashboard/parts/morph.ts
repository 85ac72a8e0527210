/**
 * Make one element like another, touching only what differs: whoever reads, types or has opened something stays where
 * they are. Children with an id are found again by it, others by their place. An element with `data-keep` belongs to a
 * script: its attributes follow, its children do not.
 */

/** What the person at the page has changed is theirs, unless `force` says that they went to another address. */
type Options = { force: boolean }

/** Attributes that the person sets by opening things, or that a script put there. */
const THEIRS = new Set(['open', 'role', 'tabindex', 'style'])

const syncAttributes = (now: Element, next: Element): void => {
  const kept = now.hasAttribute('data-keep') || now instanceof HTMLDetailsElement
  for (const { name } of [...now.attributes]) {
    const isTheirs = kept && (THEIRS.has(name) || name.startsWith('aria-'))
    if (!next.hasAttribute(name) && !isTheirs) now.removeAttribute(name)
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value && !(kept && name === 'open')) now.setAttribute(name, value)
  }
}

const isTouched = (field: Element): boolean => {
  if (field instanceof HTMLSelectElement) {
    return [...field.options].some((option) => option.selected !== option.defaultSelected)
  }
  const isText = field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement
  return isText && (field.value !== field.defaultValue || field === document.activeElement)
}

const resetField = (field: Element): void => {
  if (field instanceof HTMLSelectElement) {
    for (const option of field.options) option.selected = option.defaultSelected
    if (![...field.options].some((option) => option.defaultSelected)) field.selectedIndex = 0
  } else if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) {
    field.value = field.defaultValue
  }
}

const fits = (now: Node, next: Node): boolean =>
  now.nodeName === next.nodeName &&
  (!(now instanceof Element) || now.id === (next as Element).id)

const syncChildren = (now: Element, next: Element, options: Options): void => {
  const named = new Map([...now.children].filter((child) => child.id).map((child) => [child.id, child]))
  const kept = new Set([...next.children].map((child) => named.get(child.id)))
  let cursor: ChildNode | null = now.firstChild
  for (const wanted of [...next.childNodes]) {
    const known = wanted instanceof Element && wanted.id ? named.get(wanted.id) : undefined
    // What stands before it and goes, goes first: an element that is moved loses the focus.
    while (known && cursor && cursor !== known && !kept.has(cursor as Element)) {
      const gone: ChildNode = cursor
      cursor = cursor.nextSibling
      gone.remove()
    }
    if (known && known !== cursor) now.insertBefore(known, cursor)
    const found = known ?? cursor
    if (found && fits(found, wanted)) {
      if (found === cursor) cursor = found.nextSibling
      morphNode(found, wanted, options)
    } else {
      now.insertBefore(document.importNode(wanted, true), cursor)
    }
  }
  while (cursor) {
    const gone: ChildNode = cursor
    cursor = cursor.nextSibling
    gone.remove()
  }
}

const morphNode = (now: Node, next: Node, options: Options): void => {
  if (now instanceof Element && next instanceof Element) morph(now, next, options)
  else if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue
}

export const morph = (now: Element, next: Element, options: Options = { force: false }): void => {
  const touched = isTouched(now) && !options.force
  syncAttributes(now, next)
  if (now.hasAttribute('data-keep')) return
  syncChildren(now, next, options)
  if (!touched) resetField(now)
}
