/** The list of surveys: may each ask now, and if not, why not and until when? */
import { build, setText } from './build.js'
import { countdown, reason } from './words.js'

const list = document.querySelector('[data-surveys]')
const glance = document.querySelector('[data-glance]')

/** @type {{until: number, window: number, clock: HTMLElement, bar: HTMLProgressElement | null}[]} */
let ticking = []
let surveys = []
let greeting = ''

const refusalRow = (refusal, survey) => {
  const clock = build('span', { className: 'refusal-clock' }, refusal.until === null ? '' : countdown(refusal.until - performance.now()))
  const row = build(
    'li',
    { className: 'refusal' },
    build('code', { className: 'refusal-rule' }, refusal.rule ?? refusal.code),
    build('span', { className: 'refusal-text' }, reason(refusal, survey)),
    clock,
  )
  if (refusal.until === null) return row
  const bar = build('progress', { max: refusal.window_ms || 1, ariaHidden: 'true' })
  row.append(bar)
  ticking.push({ until: refusal.until, clock, bar })
  return row
}

/** A survey that no event brings up is opened by a person's own wish to speak, which is never held back. */
const isOwnWish = ({ events }) => events?.length === 0

/** When a survey is free again: the last of its refusals; null if one of them does not end by itself. */
const freeAt = ({ refusals }) =>
  refusals.some(({ until }) => until === null) ? null : Math.max(0, ...refusals.map(({ until }) => until))

/** A candidate of a backend's event: for what it waits, and for how long it is held. */
const waiterRow = ({ per, until }) => {
  const held = until > performance.now()
  const clock = build('span', { className: 'refusal-clock' }, held ? countdown(until - performance.now()) : '')
  const row = build(
    'li',
    { className: 'refusal waiter' },
    build('code', { className: 'refusal-rule' }, per ?? 'waits'),
    build('span', { className: 'refusal-text' }, held ? 'held, then asked in the open tab' : 'waits for the open tab, or the next visit'),
    clock,
  )
  if (!held) return row
  const bar = build('progress', { max: until - performance.now(), ariaHidden: 'true' })
  row.append(bar)
  ticking.push({ until, clock, bar })
  return row
}

const stateOf = ({ waiting }, free) => (waiting.length ? 'waiting' : free ? 'free' : 'held')

const draw = (survey) => {
  const free = survey.may_ask || isOwnWish(survey)
  const state = stateOf(survey, free)
  const words = isOwnWish(survey) ? 'Any time' : { waiting: 'A card waits', free: 'May be asked now', held: 'Not now' }[state]
  const refusals = free ? [] : survey.refusals
  return build(
    'li',
    { className: 'survey', dataset: { state } },
    build('p', { className: 'survey-head' }, build('strong', {}, survey.name), build('span', { className: 'pill' }, words)),
    build('p', { className: 'survey-when' }, survey.when),
    survey.waiting.length ? build('ul', { className: 'refusals' }, ...survey.waiting.map(waiterRow)) : null,
    refusals.length ? build('ul', { className: 'refusals' }, ...refusals.map((one) => refusalRow(one, survey))) : null,
  )
}

/** Show what Tactful said. `free_in_ms` counts from now, so that the clocks of two machines need not agree. */
export const show = (told) => {
  const now = performance.now()
  ticking = []
  surveys = told.surveys.map((survey) => ({
    ...survey,
    waiting: (survey.waiting ?? []).map((one) => ({ ...one, until: now + one.in_ms })),
    refusals: survey.refusals.map((one) => ({ ...one, until: one.free_in_ms == null ? null : now + one.free_in_ms })),
  }))
  // What this page is about comes first, and what waits before everything.
  const rank = ({ survey, waiting }) => (waiting.length ? 0 : survey === list.dataset.first ? 1 : 2)
  list.replaceChildren(...surveys.toSorted((one, other) => rank(one) - rank(other)).map(draw))
  tick()
}

/** Move every countdown on. Returns whether one has just ended, so that Tactful should be asked again. */
export const tick = () => {
  const now = performance.now()
  for (const { until, clock, bar } of ticking) {
    setText(clock, countdown(until - now))
    bar.value = Math.max(0, until - now)
  }
  setText(glance, glanceAt(now))
  const over = ticking.some(({ until }) => until <= now)
  ticking = ticking.filter(({ until }) => until > now)
  return over
}

const glanceAt = (now) => {
  if (greeting) return greeting
  if (!surveys.length) return ''
  const triggered = surveys.filter((survey) => !isOwnWish(survey))
  if (triggered.some(({ waiting }) => waiting.length)) return 'A card waits'
  if (triggered.some(({ may_ask }) => may_ask)) return 'May ask now'
  const ends = triggered.map(freeAt).filter((at) => at !== null)
  return ends.length ? `Free in ${countdown(Math.min(...ends) - now)}` : 'Not asked'
}

/** Say `text` on the folded panel in place of what may be asked; an empty text ends that. */
export const greet = (text) => {
  greeting = text
  setText(glance, glanceAt(performance.now()))
}

/** Return a survey's name, or its key while nothing more is known of it. */
export const nameOf = (key) => surveys.find(({ survey }) => survey === key)?.name ?? key

/** Say which surveys `event` brings up, and which of them it takes back. */
export const touchedBy = (event) => ({
  brings: surveys.filter(({ events }) => events?.includes(event)).map(({ name }) => name),
  cancels: surveys.filter(({ cancelled_by }) => cancelled_by?.includes(event)).map(({ name }) => name),
})

/** Say for each survey that `event` can bring up why it was not asked. */
export const reasonsAfter = (event) =>
  surveys
    .filter(({ events }) => events?.includes(event))
    .map((survey) => {
      const why = survey.refusals.map((one) => reason(one, survey)).join('; ')
      return `${survey.name}: ${why || 'not its turn yet. ' + survey.when + '.'}`
    })
