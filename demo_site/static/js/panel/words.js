/** How the panel says things: spans, countdowns, and every reason not to ask. */

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

/** Write a span in its largest whole unit: 60 s, 10 min, 90 d. A minute and less stays in seconds. */
export const span = (ms) => {
  const [size, unit] = UNITS.find(([size]) => ms % size === 0 && ms / size > 1) ?? UNITS.at(-1)
  return `${Math.round(ms / size)} ${unit}`
}

/** Write what is left as a clock would: 0:41, 9:05, 2:03:20. */
export const countdown = (ms) => {
  const all = Math.max(0, Math.ceil(ms / 1_000))
  const two = (number) => String(number).padStart(2, '0')
  const [hours, minutes, seconds] = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60]
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`
}

const COUNTED = { asked: 'asked', dismissed: 'dismissed', responded: 'answered' }

const selected = (surveys = 'all') => {
  const [group, name] = surveys.split(':')
  return { all: '', this: ', this survey', kind: `, any ${name?.toUpperCase()}`, tag: `, any “${name}”` }[group]
}

const REASONS = {
  rule: ({ count, cap, window_ms }, rule = {}) =>
    `${COUNTED[rule.count] ?? 'asked'} ${count} of ${cap} in ${span(window_ms)}${selected(rule.surveys)}`,
  repeat: ({ window_ms }) => `this survey asked within ${span(window_ms)}`,
  tenure: ({ window_ms }) => `known for less than ${span(window_ms)}`,
  opted_out: () => 'has asked never to be asked again',
  not_live: () => 'the survey is not live',
  holdout: () => 'in the group that is never asked',
  sample: () => 'not in the survey’s sample',
  audience: () => 'not in the survey’s audience',
  page: () => 'not on this page',
}

/** Say a refusal as a sentence; one that this panel does not know is said in Tactful's own words. */
export const reason = (refusal, survey) => {
  const rule = survey.rules?.find((one) => one.rule === refusal.rule)
  return REASONS[refusal.code]?.(refusal, rule) ?? refusal.message ?? refusal.code
}

/** Write an event's properties on one line. */
export const oneLine = (properties = {}) =>
  Object.entries(properties)
    .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ')
