/** Bands, conditions and flow, by the data cases that the server's tests read too. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { bandOf, surveyBand, textFor } from '../src/card/bands.ts'
import { applies } from '../src/card/conditions.ts'
import { applying, nextQuestion, progress } from '../src/card/flow.ts'
import type { Answers, Band, Question } from '../src/wire.ts'

interface Cases {
  bands: { kind: string; bands: Band[]; score: number; band: string }[]
  conditions: { op: string; value: unknown; answer: number | string | null; holds: boolean }[]
  flow: { name: string; questions: Question[]; answers: Answers; asked: string[] }[]
}

const cases: Cases = JSON.parse(readFileSync('../../tests/cases/flow.json', 'utf8'))
const nps: Band[] = [['detractor', 6], ['passive', 8], ['promoter', 10]]
const score: Question = { id: 'score', kind: 'nps', control: 'scale', ask: '?', bands: nps }
const why: Question = { id: 'why', kind: 'text', control: 'text', ask: '?' }

/** Go through a survey as a person does who gives `answers` and skips the rest. */
const walk = (questions: Question[], answers: Answers): string[] => {
  const given: Answers = {}
  const asked: string[] = []
  for (let at = nextQuestion(questions, given, 0); at >= 0; at = nextQuestion(questions, given, at + 1)) {
    const { id } = questions[at]!
    asked.push(id)
    if (id in answers) given[id] = answers[id]!
  }
  return asked
}

for (const { kind, bands, score, band } of cases.bands)
  test(`${kind} ${score} is ${band}`, () => assert.equal(bandOf(bands, score), band))

for (const { op, value, answer, holds } of cases.conditions)
  test(`${JSON.stringify(answer)} ${op} ${JSON.stringify(value)} is ${holds}`, () => {
    const asked: Question = { ...why, if: ['score', op, value] }
    assert.equal(applies(asked, [score, asked], answer === null ? {} : { score: answer }), holds)
  })

for (const { name, questions, answers, asked } of cases.flow)
  test(name, () => assert.deepEqual(walk(questions, answers), asked))

test('an operator of a later release asks the question rather than hiding it', () => {
  const asked: Question = { ...why, if: ['score', 'resembles', 7] }
  assert.equal(applies(asked, [score, asked], { score: 1 }), true)
})

test('the survey has the band of its first scored question', () => {
  const ces: Question = { id: 'ease', kind: 'ces', control: 'scale', ask: '?', bands: [['hard', 3], ['easy', 7]] }
  assert.equal(surveyBand([why, score, ces], { ease: 1, score: 9 }), 'promoter')
  assert.equal(surveyBand([why, score, ces], { ease: 1 }), undefined)
  assert.equal(surveyBand([why], { why: 'slow' }), undefined)
})

test('a text by band falls back to else, then to nothing', () => {
  const text = { by: { promoter: 'Yes?', else: 'Why?' } }
  assert.equal(textFor(text, 'promoter'), 'Yes?')
  assert.equal(textFor(text, 'passive'), 'Why?')
  assert.equal(textFor(text, undefined), 'Why?')
  assert.equal(textFor({ by: { promoter: 'Yes?' } }, 'passive'), '')
  assert.equal(textFor('Why?', 'passive'), 'Why?')
  assert.equal(textFor(null, 'passive'), '')
})

test('progress counts what was gone through and what is still to come', () => {
  const questions: Question[] = [score, { ...why, if: ['score', 'band_is', 'detractor'] }, { ...why, id: 'last' }]
  assert.deepEqual(progress(questions, {}, 0, 0), { n: 1, max: 2 })
  assert.deepEqual(progress(questions, { score: 3 }, 1, 1), { n: 2, max: 3 })
  assert.deepEqual(progress(questions, { score: 9 }, 2, 1), { n: 2, max: 2 })
})

test('what was said to a question that is not asked any more is dropped, and all that hung on it', () => {
  const reason: Question = { ...why, id: 'reason', control: 'choice', if: ['score', 'band_is', 'detractor'] }
  const more: Question = { ...why, if: ['reason', 'is', 'other'] }
  const said: Answers = { score: 3, reason: 'other', 'reason.other': 'Slow', why: 'Very slow' }
  assert.deepEqual({ ...applying([score, reason, more], said) }, said)
  assert.deepEqual({ ...applying([score, reason, more], { ...said, score: 9 }) }, { score: 9 })
  assert.deepEqual({ ...applying([score, reason, more], { ...said, reason: 'price' }) }, { score: 3, reason: 'price', 'reason.other': 'Slow' })
})

test('an answer is found by its question alone, whatever that is called', () => {
  const odd: Question = { ...score, id: 'constructor' }
  const asked: Question = { ...why, if: ['constructor', 'answered', false] }
  assert.equal(nextQuestion([odd, asked], applying([], {}), 1), 1)
  assert.deepEqual({ ...applying([odd, asked], applying([], {})) }, {})
})
