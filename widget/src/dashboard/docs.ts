/**
 * The documentation's comforts: code that can be copied, menus that close when they have led somewhere, and a mark
 * at the section that is being read. Everything is there and works without them.
 */

import { addCopyButton } from '../shared/copyButton.ts'

/** Close the menu that a link in it was followed from: a link to this page leaves it open. */
const closeMenu = ({ target }: Event): void => {
  if (!(target instanceof Element) || !target.closest('a')) return
  const menu = target.closest<HTMLElement>('[popover]')
  if (menu?.matches(':popover-open')) menu.hidePopover()
}

/** Mark the last heading above the upper third of the window. */
const markSection = (links: Map<Element, HTMLElement>): void => {
  const line = innerHeight / 3
  const above = [...links.keys()].filter((heading) => heading.getBoundingClientRect().top < line)
  for (const [heading, link] of links) {
    if (heading === above.at(-1)) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
}

const watchSections = (): void => {
  const links = new Map<Element, HTMLElement>()
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.docs-toc a')) {
    const heading = document.getElementById(decodeURIComponent(link.hash.slice(1)))
    if (heading) links.set(heading, link)
  }
  if (!links.size) return
  let waiting = false
  const look = (): void => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(() => {
      waiting = false
      markSection(links)
    })
  }
  addEventListener('scroll', look, { passive: true })
  look()
}

if (navigator.clipboard) document.querySelectorAll<HTMLElement>('.sample').forEach(addCopyButton)
document.addEventListener('click', closeMenu)
watchSections()
