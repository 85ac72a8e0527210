/** What Lantern's backend told Tactful, and what came of it before a card did: held, then asked for or cancelled. */
import { add, change } from './log.js'
import { touchedBy } from './surveys.js'
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

/**
 * The last entry about each ticket, and the one `before` it. What a candidate that is `gone` brought was asked for, unless
 * the event that cancels came while it was held.
 */
const entries = new Map()

const tell = ({ type, name, at, values, trouble }) => {
  const lines = trouble ? [`Never arrived: ${trouble}`] : []
  const id = add({ at, tone: type === 'track' ? 'event' : 'quiet', label: LABELS[type], title: name, detail: oneLine(values), lines })
  if (type === 'track' && !trouble) entries.set(values.ticket, { id, at, name, before: { ...entries.get(values.ticket), before: undefined }, heldUntil: Infinity })
}

/** The surveys that an entry's event takes back from the entry before. Known once Tactful has told the surveys. */
const takenBack = ({ name, at, before, told }) => {
  if (!before.name || told || (before.gone && at >= before.heldUntil)) return []
  const { brings } = touchedBy(before.name)
  return touchedBy(name).cancels.filter((survey) => brings.includes(survey))
}

/** What waited when Tactful was asked last: survey and ticket -> the ticket. */
let waited = new Map()

const toldOfHeld = ({ name, per, in_ms }) => {
  const entry = entries.get(per)
  const until = in_ms > 0 ? `for ${countdown(in_ms)}, in case the ticket is reopened` : 'for the tab'
  if (!entry || !touchedBy(entry.name).brings.includes(name)) return
  entry.heldUntil = Date.now() + in_ms
  change(entry.id, { lines: [`“${name}” waits ${until}.`] })
}

/** Compare what waits with what waited, and tell the difference in the log. */
export const toldOfWaiting = (surveys) => {
  const all = surveys.flatMap(({ survey, name, waiting }) => (waiting ?? []).map((one) => ({ key: `${survey} ${one.per}`, name, ...one })))
  const waits = new Map(all.map((one) => [one.key, one.per]))
  all.filter(({ key }) => !waited.has(key)).forEach(toldOfHeld)
  for (const [key, per] of waited) if (!waits.has(key) && entries.has(per)) entries.get(per).gone = true
  const waiting = new Set(waits.values())
  for (const [per, entry] of entries) {
    const names = waiting.has(per) ? [] : takenBack(entry)
    if (!names.length) continue
    entry.told = true
    change(entry.id, { tone: 'held', lines: names.map((name) => `“${name}” is cancelled: nobody is asked about ${per}.`) })
  }
  waited = waits
}

/** The library sends while the note is already read, so Tactful is asked at once and again a moment later. */
const ASK_AFTER_MS = [0, 400, 1_500]

const look = async ({ refresh }) => {
  if (document.hidden) return
  const { said } = await fetch(`${url}?after=${after}`).then((reply) => reply.json())
  if (!said.length) return
  said.forEach(tell)
  remember(said.at(-1).number)
  ASK_AFTER_MS.forEach((pause) => setTimeout(refresh, pause))
}

/** Ask Lantern's backend again and again what it told Tactful; at once when something was sent from this window. */
export const followBackend = (tools) => {
  // One after the other, or the same would be told twice.
  let looking = Promise.resolve()
  const lookNow = () => (looking = looking.then(() => look(tools)).catch(() => {}))
  const lookAgain = () => lookNow().finally(() => setTimeout(lookAgain, LOOK_MS))
  lookAgain()
  document.addEventListener('lantern:sent', lookNow)
  document.addEventListener('visibilitychange', lookNow)
}
