/**
 * Moments: what a page tells by itself, without a call in its code: that somebody is about to leave, how far they
 * scrolled, how long they have been here, that they rest. Loaded only where a live survey waits for one of them.
 *
 * The server names each moment like an event (`$exit`, `$scroll:50` in percent, `$time:30000` and `$idle:20000` in ms)
 * and says behind the `#` of this file's address on which pages; telling one is `tactful('track', name)`, so everything
 * after that is as for any event. Each is told once for each view of a page.
 *
 * Once a second, while somebody looks, is often enough, and costs a page nothing that could be measured: no listener
 * that scrolling has to wait for, no observer. Time counts while the page is in view.
 */
import { pageAddress } from '../loader/pageAddress.ts'
import { safely } from '../loader/safely.ts'
import { onPage } from './glob.ts'

declare const tactful: (verb: 'track', event: string) => void

const SECOND_MS = 1_000
/** Signs that somebody is at work; none of them is kept. */
const SIGNS = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'scroll', 'touchstart']

let wanted: Record<string, string[]> = {}
let place: string
let told = new Set<string>()
let seenMs = 0
let restedMs = 0

/** Tell every moment of a kind that has been reached on this page and was not told yet. */
const reach = (kind: string, reached = 0): void => {
  for (const [name, globs] of Object.entries(wanted)) {
    const [of, from = 0] = name.split(':')
    if (of == kind && reached >= +from && !told.has(name) && onPage(globs, location)) {
      told.add(name)
      tactful('track', name)
    }
  }
}

/** How much of the page has come into view, in percent; all of a page that is no longer than the window. */
const depth = (): number => (100 * (scrollY + innerHeight)) / document.documentElement.scrollHeight

/** A single-page application has gone to another page, or this one is seen anew: everything counts from here. */
const look = (): void => {
  if (place == (place = pageAddress(location.href))) return
  told = new Set()
  seenMs = restedMs = 0
}

const tick = safely(() => {
  if (document.hidden) return
  look()
  reach('$time', (seenMs += SECOND_MS))
  reach('$idle', (restedMs += SECOND_MS))
  // A pixel may be lost to rounding where a page is zoomed.
  reach('$scroll', Math.ceil(depth()))
})

const listen = (type: string, listener: (event: any) => void): void =>
  addEventListener(type, safely(listener), { capture: true, passive: true })

safely((script: HTMLScriptElement) => {
  wanted = JSON.parse(decodeURIComponent(script.src.split('#')[1]!))
  for (const sign of SIGNS) listen(sign, () => (restedMs = 0))
  // Out of the window by its upper edge: where the tabs, the address and the way back are.
  listen('mouseout', ({ relatedTarget, clientY }) => {
    if (relatedTarget || clientY > 0) return
    look()
    reach('$exit')
  })
  listen('pagehide', () => (place = ''))
  setInterval(tick, SECOND_MS)
})(document.currentScript as HTMLScriptElement)
