/**
 * Live: hears from the server that something waits for whoever is on this page, and lets the loader ask for it.
 *
 * One stream for each person and browser, whatever the number of tabs: without HTTP/2 a browser opens six connections
 * at most to a server, and eight tabs that listen would leave none to answer by. The tab that holds the Web Lock
 * listens; it lets go when nobody sees it any more, and a visible tab that waits for the lock takes over. Where there
 * are no Web Locks (pages without TLS) every visible tab listens for itself.
 *
 * The stream says nothing but "ask now", and says so when it opens if anything waits. So a lost stream costs time and
 * nothing else, and nothing here is kept or told to the page.
 */
import { isTemporary } from '../loader/isTemporary.ts'
import type { Live } from '../wire.ts'
import { pause } from './pause.ts'

declare const tactful: { live?: Live }

/** The server's heart beats every 20 s: a stream that is silent for longer than two beats is dead. */
const SILENCE_MS = 45_000
/** No beat of the heart has one (`: `), and every nudge has exactly one (`data: {}`), however it is cut into pieces. */
const NUDGE = '{'.charCodeAt(0)
const FIRST_PAUSE_MS = 3_000
const MOST_DOUBLINGS = 6

let page: Parameters<Live>
/** Whom this tab listens for, as JSON; empty where it does not. */
let whose = ''
let stop = new AbortController()

/** Hear one stream to its end and return its status; `heard` is called for every sign of life. Throws when it breaks. */
const hearOnce = async (stopped: AbortSignal, heard: () => void): Promise<number> => {
  const [user, api, written, flush] = page
  const connection = new AbortController()
  const end = (): void => connection.abort()
  let silence = setTimeout(end, SILENCE_MS)
  stopped.addEventListener('abort', end)
  try {
    const { signal } = connection
    const reply = await fetch(api + '/w/live', { method: 'POST', body: written({ identity: user }), signal })
    const reader = reply.body!.getReader()
    for (let piece; reply.ok && !(piece = await reader.read()).done; ) {
      clearTimeout(silence)
      silence = setTimeout(end, SILENCE_MS)
      heard()
      if (piece.value!.includes(NUDGE)) flush(true)
    }
    return reply.status
  } finally {
    clearTimeout(silence)
    stopped.removeEventListener('abort', end)
  }
}

/** Hear stream after stream until `stopped`, or until the server refuses. Whoever asks renews a pass that is over. */
const hear = async (stopped: AbortSignal): Promise<void> => {
  for (let tries = 0; !stopped.aborted; tries++) {
    const status = await hearOnce(stopped, () => (tries = 0)).catch(() => 500)
    if (status == 401 && tries < 2) page[3](true)
    else if (status > 200 && !isTemporary(status)) return
    await pause(stopped, FIRST_PAUSE_MS * 2 ** Math.min(tries, MOST_DOUBLINGS) * Math.random())
  }
}

/** Listen for whoever is here now, if anybody sees the page; stop listening for anybody else. */
const look = (leaving = false): void => {
  const [user] = page
  const wanted = user.user_id && !leaving && !document.hidden ? JSON.stringify(user) : ''
  if (wanted == whose) return
  whose = wanted
  stop.abort()
  if (!wanted) return
  const { signal } = (stop = new AbortController())
  const { locks } = navigator
  // Refused where the page has no origin of its own, and when this tab need not wait any longer.
  if (locks) locks.request('tactful ' + whose, { signal }, () => hear(signal)).catch(() => {})
  else hear(signal)
}

/** Not `unload`: a page that listens must let go to be kept in the back/forward cache. */
const onSight = ({ type }: Event): void => look(type == 'pagehide')

tactful.live = (...told) => {
  if (!page) for (const type of ['visibilitychange', 'pagehide', 'pageshow']) addEventListener(type, onSight, true)
  page = told
  look()
}
