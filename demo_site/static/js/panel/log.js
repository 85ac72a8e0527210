/** The list of what happened, newest first. It outlives the page, since a card often outlives the click. */
import { build } from './build.js'

const KEY = 'lantern-log'
const MOST = 60

const list = document.querySelector('[data-log]')
const empty = document.querySelector('[data-log-empty]')
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

const read = () => {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? []
  } catch {
    return []
  }
}

let entries = read()

const keep = () => {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(entries))
  } catch {
    // The log then ends with the page.
  }
}

const draw = (entry) =>
  build(
    'li',
    { className: 'entry', dataset: { tone: entry.tone, entry: entry.id } },
    build('span', { className: 'entry-dot', ariaHidden: 'true' }),
    build('time', { className: 'entry-time', dateTime: new Date(entry.at).toISOString() }, clock.format(entry.at)),
    build('p', { className: 'entry-title' }, build('b', {}, entry.label), ' ', entry.title),
    ...(entry.detail ? [build('p', { className: 'entry-detail' }, entry.detail)] : []),
    ...(entry.lines ?? []).map((line) => build('p', { className: 'entry-line' }, line)),
  )

/** Add an entry `{at, tone, label, title, detail?, lines?}` and return its id. */
export const add = (entry) => {
  const added = { at: Date.now(), ...entry, id: `${Date.now()}-${Math.random().toString(36).slice(2, 8)}` }
  entries = [added, ...entries].slice(0, MOST)
  list.prepend(draw(added))
  while (list.children.length > MOST) list.lastChild.remove()
  empty.hidden = true
  keep()
  return added.id
}

/** Change an entry that is still in the list. */
export const change = (id, changes) => {
  const entry = entries.find((one) => one.id === id)
  if (!entry) return
  Object.assign(entry, changes)
  list.querySelector(`[data-entry="${id}"]`)?.replaceWith(draw(entry))
  keep()
}

/** Draw what earlier pages noted, and let the list be cleared. */
export const setUpLog = () => {
  list.replaceChildren(...entries.map(draw))
  empty.hidden = entries.length > 0
  document.querySelector('[data-log-clear]').addEventListener('click', () => {
    entries = []
    list.replaceChildren()
    empty.hidden = false
    keep()
  })
}
