/**
 * The loader: on every page, so it is small, it never throws, and it asks the server for nothing until an event
 * happens that a live survey watches.
 *
 * The page calls `tactful('track', ...)` at any time: until this script runs, the snippet's stub keeps the calls in
 * `tactful.q`; while consent is missing or the page is only prerendered, they are held here. From then on:
 * a watched event joins a batch (events.ts), the batch goes into the outbox (outbox.ts), its answer may bring an
 * offer (asks.ts), and the card that an ask allows is another script, loaded then.
 */
import type { Identity, Traits } from '../wire.ts'
import { ask, onOffer, takeUp } from './asks.ts'
import { watch } from './config.ts'
import { add, flush } from './events.ts'
import { on } from './happenings.ts'
import { become, forget, isNews, scene, user } from './identity.ts'
import { empty, leave, post, resend } from './outbox.ts'
import { pageAddress } from './pageAddress.ts'
import { safely } from './safely.ts'
import { data } from './script.ts'
import { openStore } from './store.ts'

type Call = [name: string, ...args: any[]]

/** Calls that wait for consent or for a prerendered page to be seen. */
const MOST_HELD = 100

const parse = safely(JSON.parse)

let held: Call[] = []
let consented = data.consent != 'wait'
let awake = false
let place: string

const verbs: Record<string, (...args: any[]) => unknown> = {
  identify(id: string | number, traits?: Traits, proof?: Partial<Identity>) {
    const user_id = id + ''
    if (id == null || !user_id) return
    // What happened until now was done by the other one.
    if (user.user_id && user.user_id != user_id) flush()
    become({ ...proof, user_id })
    // Traits matter only while something is watched.
    if (watch[0] && isNews('identify', traits)) add({ type: 'identify', traits })
  },
  group(id: string | number, traits?: Traits) {
    if (watch[0] && isNews('group', [id, traits])) add({ type: 'group', group_id: id + '', traits })
  },
  track(event: string, properties?: Traits) {
    if (watch.includes(event)) add({ type: 'track', event, properties })
  },
  page(properties?: Traits) {
    if (watch.includes('page')) add({ type: 'page', event: 'page', properties })
  },
  reset() {
    flush()
    forget()
  },
  show: (show: string) => ask({ show }),
  on,
  optOut: () => post('closings', { ...scene(), how: 'opted_out' }),
  consent(given: boolean) {
    consented = given
    if (given) return wake()
    flush()
    awake = false
    forget()
    empty()
  },
}

const call = safely((name: string, ...args: any[]) => {
  if (awake || name == 'on' || name == 'consent') return verbs[name]!(...args)
  if (held.length < MOST_HELD) held.push([name, ...args])
})

const moved = safely(() => {
  if (awake && place != (place = pageAddress(location.href))) verbs.page!()
})

/** Begin or go on, as soon as there is consent and somebody sees the page. */
const wake = (): void => {
  if (!consented || (document as any).prerendering) return
  if (!awake) openStore()
  awake = true
  for (const one of held.splice(0)) call(...one)
  moved()
  takeUp()
  setTimeout(resend)
}

/** Captured at the window, where also those events come by that are for the document and do not bubble. */
const listen = (type: string, listener: (event: any) => void): void => addEventListener(type, safely(listener), true)

/** A click on anything that says `data-tactful-track="Event"` tracks it. */
const onClick = ({ target }: { target: HTMLElement }): void => {
  const said = target.closest<HTMLElement>('[data-tactful-track]')?.dataset
  if (said) call('track', said.tactfulTrack!, parse(said.tactfulProperties!))
}

/**
 * Notice that a single-page application has gone to another page. Without the Navigation API `pushState` is wrapped,
 * for good: whoever wraps it later wraps ours, and putting the old one back would undo theirs.
 */
const watchNavigation = (): void => {
  const { navigation } = window as any
  if (navigation) return navigation.addEventListener('currententrychange', moved)
  const { pushState } = history
  history.pushState = function (...args) {
    pushState.apply(this, args)
    moved()
  }
  listen('popstate', moved)
}

const begin = (earlier: Call[]): void => {
  // A page may keep the stub that it made: what that pushes to `tactful.q` must arrive as well.
  const q = { push: (args: Call) => call(...args) }
  ;(window as any).tactful = Object.assign(call, { q })
  on('offer', onOffer)
  if (data.userId) call('identify', data.userId, parse(data.traits!), { user_hash: data.userHash })
  earlier.forEach(q.push)
  listen('click', onClick)
  // Not `unload`, which would keep the page out of the back/forward cache.
  listen('pagehide', () => {
    flush()
    leave()
    place = ''
  })
  listen('pageshow', wake)
  listen('visibilitychange', wake)
  listen('prerenderingchange', wake)
  watchNavigation()
  wake()
}

const queued = (window as any).tactful?.q || []
// Included twice, the first one stays.
if (queued.pop) safely(begin)(queued)
