/**
 * Pages that follow what happens: the server tells that something did, the page reads itself again and changes only
 * what differs. Filters (GET forms and links to `?...`) work the same way, so nobody loses their place.
 *
 * The page is read as a document by XMLHttpRequest: under Trusted Types without any policy no text can become markup,
 * and none has to.
 *
 * `data-live="ask response"` on an element inside `main` names what the page follows; `data-survey` narrows it to one
 * survey; `data-summary` is announced, politely, when it has changed. `tactful:swapped` is dispatched afterwards.
 */
import { morph } from './parts/morph.ts'

const LOOK_AGAIN_MS = 1_500
const LISTEN_AGAIN_MS = 5_000
const SAY_FOR_MS = 4_000

const main = (): HTMLElement => document.querySelector('main')!
const followed = (): HTMLElement | null => main().querySelector<HTMLElement>('[data-live]')
const summary = (): string => main().querySelector<HTMLElement>('[data-summary]')?.dataset.summary ?? ''

const note = document.createElement('p')
note.className = 'live-note'
note.setAttribute('role', 'status')
document.body.append(note)

let silence = 0
const say = (text: string): void => {
  note.textContent = text
  clearTimeout(silence)
  silence = window.setTimeout(() => (note.textContent = ''), SAY_FOR_MS)
}

const read = (address: string): Promise<Document> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('GET', address)
    request.responseType = 'document'
    request.onload = () => {
      const { status, responseXML } = request
      if (status === 200 && responseXML?.querySelector('main')) resolve(responseXML)
      else reject(new Error(String(status)))
    }
    request.onerror = () => reject(new Error('unreachable'))
    request.send()
  })

let turn = 0
/** How many reads that somebody asked for are under way: no look may come in their way. */
let wanted = 0

/** Show what is at `address` now. A later call wins over an earlier one, whichever is answered first. */
const show = async (address: string, force: boolean): Promise<'shown' | 'overtaken' | 'failed'> => {
  const mine = ++turn
  wanted += Number(force)
  main().setAttribute('aria-busy', 'true')
  try {
    const next = await read(address)
    if (mine !== turn) return 'overtaken'
    const before = summary()
    document.title = next.title
    morph(main(), next.querySelector('main')!, { force })
    document.dispatchEvent(new Event('tactful:swapped'))
    if (summary() && summary() !== before) say(summary())
    return 'shown'
  } catch (error) {
    if ((error as Error).message === '401') loggedOut()
    return mine === turn ? 'failed' : 'overtaken'
  } finally {
    wanted -= Number(force)
    if (mine === turn) main().removeAttribute('aria-busy')
  }
}

let source: EventSource | null = null
let isOver = false
let waiting = 0
let lookedAt = 0
/** The first stream of a page is told what has happened since the page was asked for; at any other the page looks. */
let isFresh = true

const loggedOut = (): void => {
  isOver = true
  source?.close()
  source = null
  note.textContent = 'You have been logged out. '
  clearTimeout(silence)
  const link = document.createElement('a')
  link.href = location.href
  link.textContent = 'Log in'
  note.append(link)
}

/** Look again soon, once for everything that happens until then. */
const lookAgain = (): void => {
  if (waiting) return
  const after = Math.max(0, lookedAt + LOOK_AGAIN_MS - Date.now())
  waiting = window.setTimeout(() => {
    waiting = 0
    lookedAt = Date.now()
    if (wanted) lookAgain()
    else void show(location.href, false)
  }, after)
}

const concerns = (message: { type: string; survey: string }): boolean => {
  const { live = '', survey = '' } = followed()?.dataset ?? {}
  const isFollowed = message.type === 'change' || live.split(' ').includes(message.type)
  return isFollowed && (!survey || !message.survey || survey === message.survey)
}

const project = /^\/projects\/[^/]+/.exec(location.pathname)?.[0]

/** Browsers open few connections to one server: a tab that nobody looks at keeps none. */
const listen = (): void => {
  if (document.visibilityState !== 'visible' || isOver || !project || !followed()) {
    source?.close()
    source = null
  } else if (!source) {
    source = new EventSource(`${project}/live${isFresh ? `?age=${Math.ceil(performance.now())}` : ''}`)
    source.onopen = () => {
      if (!isFresh) lookAgain()
      isFresh = false
    }
    source.onmessage = ({ data }: MessageEvent<string>) => {
      if (concerns(JSON.parse(data))) lookAgain()
    }
    source.onerror = () => {
      isFresh = false
      // A lost connection is opened again by the browser; an answer that is no stream is not.
      if (source?.readyState !== EventSource.CLOSED) return
      source = null
      lookAgain() // whoever has been logged out is told so by the page itself
      window.setTimeout(listen, LISTEN_AGAIN_MS)
    }
  }
}

const listenAnew = (): void => {
  isFresh = false
  listen()
}

const go = async (address: string): Promise<void> => {
  const outcome = await show(address, true)
  if (outcome === 'shown') history.pushState(null, '', address)
  else if (outcome === 'failed') location.assign(address)
}

const isPlain = (event: MouseEvent): boolean =>
  event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)

document.addEventListener('click', (event) => {
  const link = (event.target as Element).closest?.<HTMLAnchorElement>('main a[href^="?"]')
  if (!link || !isPlain(event) || !followed()) return
  event.preventDefault()
  void go(link.href)
})

document.addEventListener('submit', (event) => {
  const form = event.target as HTMLFormElement
  if (form.method !== 'get' || !form.closest('main') || !followed()) return
  event.preventDefault()
  const fields = new URLSearchParams()
  for (const [name, value] of new FormData(form)) if (value) fields.append(name, String(value))
  form.closest('details')?.removeAttribute('open')
  void go(`${location.pathname}?${fields}`)
})

document.addEventListener('change', (event) => {
  const field = event.target as HTMLSelectElement
  if (field.form?.hasAttribute('data-auto')) field.form.requestSubmit()
})

/** A panel that drops down closes like a menu: by Escape, or when the focus or a click goes elsewhere. */
const closeDrops = (event: Event): void => {
  for (const drop of document.querySelectorAll<HTMLDetailsElement>('details.drop[open]')) {
    const isEscape = event instanceof KeyboardEvent && event.key === 'Escape'
    if (isEscape) drop.querySelector('summary')?.focus()
    if (isEscape || (!(event instanceof KeyboardEvent) && !drop.contains(event.target as Node))) drop.open = false
  }
}
for (const kind of ['click', 'focusin', 'keydown']) document.addEventListener(kind, closeDrops)

window.addEventListener('popstate', () => void show(location.href, true))
document.addEventListener('visibilitychange', listenAnew)
window.addEventListener('pageshow', (event) => event.persisted && listenAnew())
window.addEventListener('pagehide', () => (source?.close(), (source = null)))
document.documentElement.classList.add('scripted')
listen()
