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

const draw = (survey) => {
  const free = survey.may_ask || isOwnWish(survey)
  const words = isOwnWish(survey) ? 'Any time' : free ? 'May be asked now' : 'Not now'
  const refusals = free ? [] : survey.refusals
  return build(
    'li',
    { className: 'survey', dataset: { state: free ? 'free' : 'held' } },
    build('p', { className: 'survey-head' }, build('strong', {}, survey.name), build('span', { className: 'pill' }, words)),
    build('p', { className: 'survey-when' }, survey.when),
    refusals.length ? build('ul', { className: 'refusals' }, ...refusals.map((one) => refusalRow(one, survey))) : null,
  )
}

/** Show what Tactful said. `free_in_ms` counts from now, so that the clocks of two machines need not agree. */
export const show = (told) => {
  const now = performance.now()
  ticking = []
  surveys = told.surveys.map((survey) => ({
    ...survey,
    refusals: survey.refusals.map((one) => ({ ...one, until: one.free_in_ms == null ? null : now + one.free_in_ms })),
  }))
  list.replaceChildren(...surveys.map(draw))
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

/** Say for each survey that `event` can bring up why it was not asked. */
export const reasonsAfter = (event) =>
  surveys
    .filter(({ events }) => events?.includes(event))
    .map((survey) => {
      const why = survey.refusals.map((one) => reason(one, survey)).join('; ')
      return `${survey.name}: ${why || 'not its turn yet. ' + survey.when + '.'}`
    })
