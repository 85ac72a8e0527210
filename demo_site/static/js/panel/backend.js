/** What Lantern's backend told Tactful, and what came of it before a card did: held, then asked for or cancelled. */
import { add, change } from './log.js'
import { countdown, oneLine } from './words.js'

const LOOK_MS = 1_000
const KEY = 'lantern-said'

const { said: url } = document.body.dataset

const remembered = () => {
  try {
    return Number(sessionStorage.getItem(KEY)) || 0
  } catch {
    return 0
  }
}
let after = remembered()
const remember = (number) => {
  after = number
  try {
    sessionStorage.setItem(KEY, String(number))
  } catch {
    // Then the next page tells it again.
  }
}

const LABELS = { identify: 'Backend: identify', group: 'Backend: group', track: 'Backend' }

/** Entries of events about a ticket, by the ticket: what becomes of the candidate is told there. */
const entries = new Map()

const tell = ({ type, name, at, values, trouble }) => {
  const lines = trouble ? [`Never arrived: ${trouble}`] : []
  const id = add({ at, tone: type === 'track' ? 'event' : 'quiet', label: LABELS[type], title: name, detail: oneLine(values), lines })
  if (type === 'track' && !trouble) entries.set(values.ticket, { id, name })
}

/** What waited when Tactful was asked last: survey and ticket -> the survey's name. */
let waited = new Map()

/** Compare what waits with what waited, and tell the difference in the log. */
export const toldOfWaiting = (surveys) => {
  const waits = new Map()
  for (const { survey, name, waiting } of surveys)
    for (const { per, in_ms } of waiting ?? []) waits.set(`${survey} ${per}`, { name, per, in_ms })
  for (const [key, { name, per, in_ms }] of waits) {
    const entry = entries.get(per)
    if (waited.has(key) || !entry) continue
    change(entry.id, { lines: [in_ms > 0 ? `“${name}” waits for ${countdown(in_ms)}, in case the ticket is reopened.` : `“${name}” waits for the tab.`] })
  }
  for (const [key, { name, per }] of waited) {
    const entry = entries.get(per)
    if (waits.has(key) || entry?.name !== 'Ticket Reopened') continue
    change(entry.id, { tone: 'held', lines: [`“${name}” is cancelled: nobody is asked about ${per}.`] })
  }
  waited = waits
}

const look = async ({ refresh }) => {
  if (document.hidden) return
  const { said } = await fetch(`${url}?after=${after}`).then((reply) => reply.json())
  if (!said.length) return
  said.forEach(tell)
  remember(said.at(-1).number)
  await refresh()
}

/** Ask Lantern's backend again and again what it told Tactful; at once when something was sent from this window. */
export const followBackend = (tools) => {
  const lookNow = () => look(tools).catch(() => {})
  const lookAgain = () => lookNow().finally(() => setTimeout(lookAgain, LOOK_MS))
  lookAgain()
  document.addEventListener('lantern:sent', lookNow)
  document.addEventListener('visibilitychange', lookNow)
}
