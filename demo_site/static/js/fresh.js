/**
 * Keeps a page of the help desk as it is now, while it can be seen: what another window changed is drawn here without
 * a reload. The page itself is fetched again and its differences are taken over, so that Lantern draws everything once.
 *
 * The browser parses what comes (an XMLHttpRequest may answer with a document): no markup passes through a script, so
 * the page needs no Trusted Types policy for it.
 */
const LOOK_MS = 2_000
const REDRAW_MS = 60_000

const main = document.querySelector('[data-fresh]')
let shownAt = performance.now()

const load = (url) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('GET', url)
    request.responseType = 'document'
    request.onload = () => (request.status === 200 && request.response ? resolve(request.response) : reject(new Error(`status ${request.status}`)))
    request.onerror = () => reject(new Error('no answer'))
    request.send()
  })

const keyOf = (node) => node.dataset?.key ?? `#${node.nodeName}`

/** What the person opened stays open. */
const OWN = 'open'

const takeAttributes = (now, next) => {
  for (const { name } of [...now.attributes]) if (name !== OWN && !next.hasAttribute(name)) now.removeAttribute(name)
  for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value)
}

const takeChildren = (now, next) => {
  const rest = [...now.childNodes]
  for (const child of next.childNodes) {
    const at = rest.findIndex((one) => keyOf(one) === keyOf(child))
    if (at < 0) {
      now.insertBefore(document.importNode(child, true), rest[0] ?? null)
      continue
    }
    const [kept] = rest.splice(at, 1)
    if (rest.length && at > 0) now.insertBefore(kept, rest[0])
    take(kept, child)
  }
  rest.forEach((one) => one.remove())
}

/** Make `now` equal to `next`, keeping every element that is in both, with its focus and what was typed into it. */
const take = (now, next) => {
  if (now.isEqualNode(next)) return
  if (now.nodeType === Node.ELEMENT_NODE) {
    takeAttributes(now, next)
    takeChildren(now, next)
  } else now.nodeValue = next.nodeValue
}

/** Draw the page as it is now. */
export const redraw = async () => {
  shownAt = performance.now()
  const next = (await load(location.href)).querySelector('[data-fresh]')
  if (next) take(main, next)
}

const look = async () => {
  if (document.hidden) return
  const { revision } = await fetch(main.dataset.fresh).then((reply) => reply.json())
  const stale = performance.now() - shownAt > REDRAW_MS
  if (stale || String(revision) !== main.dataset.revision) await redraw()
}

/** Start to look, again and again. Where Lantern does not answer the page stays as it is. */
export const keepFresh = () => {
  const lookAgain = () => look().catch(() => {}).finally(() => setTimeout(lookAgain, LOOK_MS))
  setTimeout(lookAgain, LOOK_MS)
  document.addEventListener('visibilitychange', () => void look().catch(() => {}))
}
