/** "Behind the scenes": asks Lantern's backend why, listens to the recorder, and keeps the countdowns going. */
import { followBackend, toldOfWaiting } from './backend.js'
import { setText } from './build.js'
import { add, change, setUpLog } from './log.js'
import { storyteller } from './story.js'
import { greet, nameOf, reasonsAfter, show, tick } from './surveys.js'

const { person, userId, why, desk } = document.body.dataset
/** Whom the panel tells of: at the desk the writer of the ticket, else whoever is there. */
const whose = userId || person
const trouble = document.querySelector('[data-trouble]')
const knownAs = document.querySelector('[data-known-as]')

const remembered = (key) => {
  try {
    return sessionStorage.getItem(key)
  } catch {
    return null
  }
}
const remember = (key, value) => {
  try {
    sessionStorage.setItem(key, value)
  } catch {
    // Then it is worked out again on the next page.
  }
}

/** The id that the widget gave this browser, as far as a request has shown it; of the visitor of this page alone. */
let anonymousId = remembered(`lantern-anonymous-${person}`)

const met = (identity) => {
  if (userId || identity.user_id || !identity.anonymous_id) return
  anonymousId = identity.anonymous_id
  remember(`lantern-anonymous-${person}`, anonymousId)
}

let asking = Promise.resolve()

/** Ask why, one question after the other: an answer that was overtaken would show what is no longer so. */
const askWhy = async () => {
  if (!why) return
  const query = !userId && anonymousId ? `?${new URLSearchParams({ anonymous_id: anonymousId })}` : ''
  const told = await fetch(why + query).then((reply) => reply.json(), () => ({ trouble: 'Lantern does not answer.' }))
  setText(trouble, told.trouble ?? '')
  trouble.hidden = !told.trouble
  if (!told.trouble) {
    show(told)
    toldOfWaiting(told.surveys)
    remember(`lantern-why-${whose}`, JSON.stringify({ at: Date.now(), told }))
  }
  if (!userId && knownAs) setText(knownAs, anonymousId ?? 'not known to Tactful yet')
}

/** Until the first answer, show the one of the page before, with its countdowns moved on: nothing jumps. */
const showLast = () => {
  const last = JSON.parse(remembered(`lantern-why-${whose}`) ?? 'null')
  if (!last) return
  const past = Date.now() - last.at
  const moved = (one) => ({ ...one, free_in_ms: one.free_in_ms == null ? null : Math.max(0, one.free_in_ms - past) })
  // What waits is soon over; it is shown as Tactful tells it or not at all.
  show({ ...last.told, surveys: last.told.surveys.map((one) => ({ ...one, waiting: [], refusals: one.refusals.map(moved) })) })
}

const refresh = () => (asking = asking.then(askWhy))

const explain = async (messages, entries) => {
  await refresh()
  messages.forEach((message, at) => {
    if (message.type === 'track' && entries[at]) change(entries[at], { tone: 'held', lines: ['Decision: ask nobody.', ...reasonsAfter(message.event)] })
  })
}

const setUpFolding = () => {
  const root = document.documentElement
  const toggle = document.querySelector('[data-panel-toggle]')
  const fold = (state) => {
    root.dataset.panel = state
    toggle.setAttribute('aria-expanded', String(state === 'open'))
  }
  fold(root.dataset.panel)
  toggle.addEventListener('click', () => {
    fold(root.dataset.panel === 'open' ? 'folded' : 'open')
    remember('lantern-panel', root.dataset.panel)
  })
}

const hint = document.querySelector('[data-hint]')
const closeHint = () => {
  if (!hint) return
  hint.hidden = true
  greet('')
  remember(`lantern-hint-${hint.dataset.hint}`, 'closed')
}
const setUpHint = () => {
  if (!hint || remembered(`lantern-hint-${hint.dataset.hint}`) === 'closed') return
  hint.hidden = false
  greet(hint.dataset.glance)
  hint.querySelector('[data-hint-close]').addEventListener('click', closeHint)
}

const noteWhoIsThere = () => {
  const before = remembered('lantern-seen')
  remember('lantern-seen', person)
  if (desk !== undefined || !before || before === person) return
  const name = document.querySelector('.panel-name').textContent
  const joined = before.startsWith('visitor') && userId ? 'Logging in joins what the visitor did here to this person.' : ''
  add({ tone: 'quiet', label: 'Lantern', title: `is now used by ${name}`, detail: joined })
}

setUpFolding()
setUpHint()
setUpLog()
noteWhoIsThere()
followBackend({ refresh })
window.lanternRecorder.listen(storyteller({ nameOf, explain, met, asked: closeHint, changed: refresh }))
showLast()
refresh()
setInterval(() => {
  if (tick()) refresh()
}, 1_000)
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) refresh()
})
