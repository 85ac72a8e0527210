/**
 * The loader: on every page, so it is small, it never throws, and it asks the server for nothing until an event
 * happens that a live survey watches.
 *
 * The page calls `tactful('track', ...)` at any time: until this script runs, the snippet's stub keeps the calls in
 * `tactful.q`; while consent is missing or the page is only prerendered, they are held here. From then on:
 * a watched event joins a batch (events.ts), the batch goes into the outbox (outbox.ts), its answer may bring an
 * offer (asks.ts), and what asks and draws the card is another script, loaded then.
 */
import type { Identity, Traits } from '../wire.ts'
import { ask, prepare, withdraw } from './asks.ts'
import { attend } from './attend.ts'
import { live, moments, watch } from './config.ts'
import { awake, rest, rise } from './consent.ts'
import { digest } from './digest.ts'
import { add, flush } from './events.ts'
import { become, forget, known, recall, scene } from './identity.ts'
import { load } from './load.ts'
import { on } from './listeners.ts'
import { keys, post, resend } from './outbox.ts'
import { pageAddress } from './pageAddress.ts'
import { safely } from './safely.ts'
import { data } from './script.ts'
import { openStore, parse, store } from './store.ts'

type Call = [name: string, ...args: any[]]

/** Calls that wait for consent or for a prerendered page to be seen. */
const MOST_HELD = 40
const DAY_MS = 86_400_000

const { pushState } = history

let held: Call[] = []
let consented = data.consent != 'wait'
let place: string

/** Send what may have been sent already today. Traits matter only while something is watched. */
const tell = (message: Parameters<typeof add>[0]): unknown =>
  (watch[0] || live) &&
  known[message.type] != (known[message.type] = digest([message, (Date.now() / DAY_MS) | 0])) &&
  add(message)

const reset = (): void => {
  flush()
  withdraw()
  forget()
  attend()
}

const verbs: Record<string, (...args: any[]) => unknown> = {
  identify(id: string | number, traits?: Traits, proof?: Partial<Identity>) {
    if (!id) return
    const sum = digest(id + '')
    // What happened until now was done by somebody else, whose anonymous id must not become this one's.
    if (known.user && known.user != sum) reset()
    known.user = sum
    become(id as string, proof)
    tell({ type: 'identify', traits })
    attend()
  },
  group: (id: string | number, traits?: Traits) => tell({ type: 'group', group_id: id + '', traits }),
  track(event: string, properties?: Traits) {
    if (!watch.includes(event)) return
    add({ type: 'track', event, properties })
    // After it is on its way: what asks is no use before the answer.
    setTimeout(prepare)
  },
  page: (properties?: Traits) => verbs.track!('page', properties),
  reset,
  show: (show: string) => ask({ show }),
  on,
  onAsk: (draw: (...told: any[]) => unknown) => on('ask', draw),
  optOut: () => post('closings', { ...scene(), how: 'opted_out' }),
  consent(given: boolean) {
    consented = given
    if (given) return wake()
    // First of all, so that nothing below sends or stores.
    rest()
    openStore()
    reset()
    for (const key of keys()) delete store[key]
    delete sessionStorage.tactful
  },
}

const call = safely((...[name, ...args]: Call) => {
  // What neither stores nor sends need not wait.
  if (awake || name.includes('on')) return verbs[name]!(...args)
  held = [...held, [name, ...args] as Call].slice(-MOST_HELD)
})

const moved = safely(() => {
  if (awake && place != (place = pageAddress(location.href))) verbs.page!()
})

/** Begin or go on, as soon as there is consent and somebody sees the page. */
const wake = (): void => {
  if (!consented || (document as any).prerendering) return
  if (!awake) {
    recall()
    if (moments) load(moments)
  }
  rise()
  // Before anything new is on its way, which would be sent twice.
  resend()
  for (const args of held.splice(0)) call(...args)
  moved()
  attend()
}

/** Captured at the window, where also those events come by that are for the document and do not bubble. */
const listen = (type: string, listener: (event: any) => void): void => addEventListener(type, safely(listener), true)

/**
 * Notice that a single-page application has gone to another page. `pushState` is wrapped for good: whoever wraps it
 * later wraps ours, and putting the old one back would undo theirs.
 */
const watchNavigation = (): void => {
  history.pushState = (...args) => {
    pushState.apply(history, args)
    moved()
  }
  listen('popstate', moved)
}

/** Calls from before; or, if this script is included twice, the `q` of the first one, which stays. */
const queued: Iterable<Call> & { pop?: unknown } = (window as any).tactful?.q || []

const begin = safely(() => {
  const tactful = ((window as any).tactful = call as any)
  // A page may keep the stub that it made: what that pushes to `tactful.q` must arrive as well.
  tactful.q = { push: (args: Call) => call(...args) }
  call('identify', data.userId, parse(data.traits), { user_hash: data.userHash })
  for (const args of queued) call(...args)
  // A click on anything that says `data-tactful-track="Event"` tracks it, and `data-tactful-show="key"` asks that.
  listen('click', ({ target }: { target: HTMLElement }) => {
    for (const name of ['track', 'show']) {
      const said = target.closest<HTMLElement>(`[data-tactful-${name}]`)
      if (said) call(name, said.getAttribute('data-tactful-' + name), parse(said.dataset.tactfulProperties))
    }
  })
  // Not `unload`, which would keep the page out of the back/forward cache.
  listen('pagehide', () => {
    flush()
    resend()
    place = ''
  })
  listen('pageshow', (event) => event.persisted && wake())
  listen('visibilitychange', wake)
  listen('prerenderingchange', wake)
  watchNavigation()
  wake()
})

if (queued.pop) begin()
