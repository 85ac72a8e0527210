/**
 * Tact: when somebody is asked, and by whom. An offer waits for its delay and for a quiet moment, then the page may
 * object, then the ask is recorded while the card loads, and only then something is drawn: by the card, or by the page
 * itself. Without a recorded ask nothing is drawn, and what could not be drawn gives its ask back. How long an offer
 * lasts is the server's to say.
 */
import type { Asked, DrawCard, Offer, Page, Pinned, Tact, Wanted } from '../wire.ts'
import { bare } from './bare.ts'
import { headless, type Shown } from './headless.ts'
import { pause } from './pause.ts'
import { quiet } from './quiet.ts'

declare const tactful: { ask?: Tact; card?: DrawCard; live?: unknown }

/** The build replaces this by the card's name and hash; it lies beside this file. */
const CARD = '__TACTFUL_CARD__' as unknown as Pinned
const here = (document.currentScript as HTMLScriptElement).src

/** A page that does not say within this time whether it objects is not asked. */
const HOOK_MS = 5_000

/** Stands for the offer that waits; a newer one takes its place. */
let waiting: unknown
/** What is on the page. While it is on its way the document, which is always connected, stands for it. */
let shown: Shown | undefined

/** Whether a file has added itself under this name, rather than a page to all objects. */
const has = (name: 'ask' | 'card' | 'live'): boolean => typeof tactful[name] == 'function'

const loadCard = (load: Page[5]): Promise<unknown> => load({ ...CARD, url: new URL(CARD.url, here).href })

/** Whether no `before` hook objects: by false, by failing (which is told where the page's own faults are), by silence. */
const agreed = async (listeners: Page[3], detail: object): Promise<boolean> => {
  for (const [what, hook] of [...listeners])
    if (what == 'before')
      try {
        if ((await Promise.race([hook(detail), pause(HOOK_MS).then(() => false)])) === false) return false
      } catch (error) {
        setTimeout(() => {
          throw error
        })
        return false
      }
  return true
}

/** The button that somebody has just used to give feedback. Not every browser focuses what is clicked. */
const opener = (): HTMLElement | null => document.querySelector('[data-tactful-show]:is(:focus,:hover)')

/** Draw the card. Whoever asked for it by a button is led there; the card gives the focus back to where it came from. */
const drawCard = (asked: Asked, button: HTMLElement | null, [, , post, listeners, , load]: Page): Shown => {
  const host = tactful.card!(asked, post, listeners, load)
  if (button) {
    button.focus({ preventScroll: true })
    host.shadowRoot!.querySelector<HTMLElement>('[tabindex]')?.focus({ preventScroll: true })
  }
  return host
}

/** Record the ask that `body` names and draw it for the one whom it was made for; for anybody else it is given back. */
const ask = async (body: object, button: HTMLElement | null, page: Page, isTheirs: () => boolean): Promise<void> => {
  const [scene, request, post, listeners, , load] = page
  const own = [...listeners].filter(([what]) => what == 'ask').pop()
  let asked: any
  try {
    shown = document
    const loading = own || has('card') || loadCard(load)
    asked = bare(await request('asks', { ...scene(), ...body }))
    await loading
    shown = undefined
    if (!asked.ask) return
    if (!isTheirs()) throw 0
    shown = own ? headless(own[1], asked, post, listeners) : drawCard(asked, button, page)
  } catch {
    shown = undefined
    if (asked?.ask) post('closings', { ask: asked.ask, how: 'not_rendered' })
  }
}

/** Take up an offer, or the wish to be asked, which waits for nothing but the page's consent. */
const take = async (offer: Offer | undefined, show: string | undefined, page: Page): Promise<void> => {
  const [, , , listeners, whose] = page
  const person = whose()
  const button = offer ? null : opener()
  const isTheirs = (): boolean => !!person && person == whose()
  await pause(offer?.delay_ms)
  if (!isTheirs()) return
  const turn = (waiting = {})
  const still = (): boolean => waiting == turn && isTheirs() && !shown?.isConnected
  const moment = async (): Promise<boolean> => (offer ? quiet(still, offer) : still())
  // Looked for again after the page has thought about it.
  if ((await moment()) && (await agreed(listeners, { survey: offer?.survey || show })) && (await moment()))
    await ask(offer ? { offer: offer.token } : { show }, button, page, isTheirs)
}

const tact: Tact = (...told: any[]) => {
  const [wanted, ...page] = told as [Wanted | undefined, ...Page]
  if (!wanted) {
    waiting = 0
    return shown?.remove?.()
  }
  const { offer, live, show } = { __proto__: null, ...wanted } as Wanted
  if (offer || show) take(offer && bare(offer), show, page).catch(() => {})
  if (live && !has('live')) page[5](live).then(page[6])
}

// Two that were loaded at once would not know of each other's card.
if (!has('ask')) tactful.ask = tact
