/**
 * Turns the recorder's notes into entries of the log: what the page said, what travelled, and what was decided.
 *
 * An event that no live survey watches never leaves the page. Nobody announces that, so an event that has not been
 * sent a moment later is said to have stayed.
 */
import { add, change } from './log.js'
import { oneLine } from './words.js'

const STAYED_MS = 1_500
const STAYED = 'Stayed in the browser: no live survey watches it.'

/** @type {{id: string, name: string, timer: number}[]} events of this page that have not been sent so far */
const unsent = []

const onTrack = ({ name, properties, at }) => {
  const id = add({ at, tone: 'event', label: 'Event', title: name, detail: oneLine(properties) })
  const timer = setTimeout(() => change(id, { tone: 'quiet', lines: [STAYED] }), STAYED_MS)
  unsent.push({ id, name, timer })
}

const SENT = {
  track: ({ event, properties }, at) => {
    const found = unsent.findIndex((one) => one.name === event)
    if (found < 0) return add({ at, tone: 'event', label: 'Event', title: event, detail: oneLine(properties) })
    const [{ id, timer }] = unsent.splice(found, 1)
    clearTimeout(timer)
    // Late, where the widget itself came late: then it did not stay after all.
    change(id, { tone: 'event', lines: [] })
    return id
  },
  identify: ({ traits }, at) => add({ at, tone: 'quiet', label: 'Identify', title: 'who is logged in', detail: oneLine(traits) }),
  group: ({ group_id, traits }, at) => add({ at, tone: 'quiet', label: 'Group', title: group_id, detail: oneLine(traits) }),
  page: (_message, at) => add({ at, tone: 'quiet', label: 'Page', title: location.pathname }),
}

/** Entries that wait for the reply to a request, by its number. */
const waiting = new Map()

const onRequest = ({ request, path, body, at }) => {
  if (path !== 'events') return
  waiting.set(request, (body.events ?? []).map((message) => SENT[message.type]?.(message, at)))
}

const said = (answers = {}) => Object.values(answers).map((value) => (typeof value === 'number' ? value : `“${value}”`)).join(', ')

const CLOSINGS = {
  seen: { tone: 'quiet', label: 'Card', title: 'is in view' },
  dismissed: { tone: 'held', label: 'Dismissed', title: 'without an answer' },
  opted_out: { tone: 'held', label: 'Opted out', title: 'will never be asked again' },
  not_rendered: { tone: 'quiet', label: 'Card', title: 'could not be shown; the ask is given back' },
}

/** What a reply of status 200 means, by path. */
const MEANINGS = {
  events: ({ said: { offer }, body, request }, tools) => {
    if (offer) {
      const delay = offer.delay_ms ? ` in ${offer.delay_ms / 1_000} s` : ''
      return { tone: 'good', label: 'Decision', title: `may ask “${tools.nameOf(offer.survey)}”${delay}` }
    }
    tools.explain(body.events ?? [], waiting.get(request) ?? [])
    return null
  },
  asks: ({ said: { survey } }, tools) => {
    tools.asked()
    return {
      tone: 'good',
      label: 'Asked',
      title: `“${tools.nameOf(survey?.key)}”`,
      detail: 'Recorded before the card is drawn: from now on it counts.',
    }
  },
  responses: ({ body }) => ({
    tone: 'good',
    label: body.done ? 'Answered' : 'Answer saved',
    title: said(body.answers) || 'without words',
    detail: body.done ? 'Complete.' : `Revision ${body.rev}; the card is still open.`,
  }),
  closings: ({ body }) => CLOSINGS[body.how] ?? null,
}

const onReply = (note, tools) => {
  const { path, status, said, at } = note
  if (status === 200) {
    const entry = MEANINGS[path]?.(note, tools)
    if (entry) add({ at, ...entry })
  } else if (status === 0 || status >= 500) {
    add({ at, tone: 'held', label: 'No answer', title: `to ${path}`, detail: 'Kept in the browser and sent again later.' })
  } else if (status === 409 && path === 'asks') {
    add({ at, tone: 'held', label: 'Refused', title: 'not now', detail: 'Decided again in the transaction that would have recorded the ask.' })
  } else {
    add({ at, tone: 'held', label: 'Refused', title: `${path}: ${said.code ?? status}`, detail: said.message ?? '' })
  }
  waiting.delete(note.request)
}

const onNudge = ({ at }, tools) => {
  add({ at, tone: 'event', label: 'Live', title: 'something waits for this tab', detail: 'Heard over the live stream; now the tab asks.' })
  tools.changed()
}

/**
 * Return what takes the recorder's notes. `tools` has `nameOf(surveyKey)`, `explain(messages, entryIds)` for events
 * after which nobody was asked, `asked()`, and `changed()` for when a reply may have changed who may be asked.
 */
export const storyteller = (tools) => (note) => {
  if (note.kind === 'track') onTrack(note)
  if (note.kind === 'request') onRequest(note)
  if (note.kind === 'beacon') add({ at: note.at, tone: 'quiet', label: 'Beacon', title: `${note.path}, sent while leaving` })
  if (note.kind === 'reply') onReply(note, tools)
  if (note.kind === 'nudge') onNudge(note, tools)
  const identity = note.body?.identity
  if (identity) tools.met(identity)
  if (note.kind === 'reply') tools.changed()
}
