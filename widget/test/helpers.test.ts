/** The loader's and the card's small helpers. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { plainColour, readableOn } from '../src/card/colours.ts'
import { digest } from '../src/loader/digest.ts'
import { isTemporary } from '../src/loader/isTemporary.ts'
import { newId } from '../src/loader/newId.ts'
import { pageAddress } from '../src/loader/pageAddress.ts'
import { retryDelay } from '../src/loader/retryDelay.ts'
import { safely } from '../src/loader/safely.ts'
import { onPage } from '../src/moments/glob.ts'

const pages: { glob: string; address: string; on: boolean }[] = JSON.parse(readFileSync('../../tests/cases/pages.json', 'utf8'))

test('an address loses its query and its secrets, not its route', () => {
  const cases = {
    'https://a.test/app/lesson': 'https://a.test/app/lesson',
    'https://a.test/app?token=s3cret': 'https://a.test/app',
    'https://a.test/app#section': 'https://a.test/app',
    'https://a.test/cb#access_token=s3cret': 'https://a.test/cb',
    'https://a.test/#/lesson/4': 'https://a.test/#/lesson/4',
    'https://a.test/#!/lesson/4?token=s3cret': 'https://a.test/#!/lesson/4',
    'https://a.test/app?token=s3cret#/lesson': 'https://a.test/app',
  }
  for (const [href, address] of Object.entries(cases)) assert.equal(pageAddress(href), address)
})

test('only a broken or busy server is asked again', () => {
  for (const status of [500, 502, 503, 504, 507, 429, 408]) assert.equal(isTemporary(status), true, `${status}`)
  for (const status of [200, 204, 400, 401, 403, 404, 409, 410, 413, 422]) assert.equal(isTemporary(status), false, `${status}`)
})

test('tries are further and further apart and never at the same moment for all', () => {
  for (const failures of [1, 2, 3, 10]) {
    const least = 2_000 * 2 ** failures
    const delays = Array.from({ length: 100 }, () => retryDelay(failures))
    assert.ok(delays.every((delay) => delay >= least && delay <= least * 2))
    assert.ok(new Set(delays).size > 50)
  }
})

test('a page lies on a glob here where it does on the server', () => {
  for (const { glob, address, on } of pages) assert.equal(onPage([glob], new URL(address)), on, `${glob} ${address}`)
  assert.ok(onPage([], new URL('https://a.test/')), 'without globs on any page')
  assert.ok(onPage(['/no', '/app/*'], new URL('https://a.test/app/x')), 'one of several is enough')
  assert.ok(onPage(['[z-a]'], new URL('https://a.test/')), 'what is no pattern here is left to the server')
})

test('a digest is the same for the same and another for anything else', () => {
  assert.equal(digest({ plan: 'pro', seats: 3 }), digest({ plan: 'pro', seats: 3 }))
  const others = [{ plan: 'pro' }, { plan: 'Pro' }, { plan: 'rpo' }, {}, [], null, '', 0, 'plan', { emoji: '🙂' }, { emoji: '🙃' }]
  assert.equal(new Set(others.map(digest)).size, others.length)
})

test('ids differ and sort by time', () => {
  const ids = Array.from({ length: 1_000 }, newId)
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(ids[0]!.slice(0, 13) <= ids[999]!.slice(0, 13))
})

test('nothing thrown gets out', () => {
  assert.equal(safely(() => JSON.parse('{'))(), undefined)
  assert.deepEqual(safely(JSON.parse)('{"a":1}'), { a: 1 })
})

test('only a plain colour reaches the style sheet', () => {
  assert.equal(plainColour('#ABCDEF'), '#ABCDEF')
  for (const other of ['red', '#fff', '#12345g', '#3b5bdb;}*{display:none', 'url(x)', '']) assert.equal(plainColour(other), '#3b5bdb')
})

/** Relative luminance of `#rrggbb` as WCAG 2.2 defines it. */
const luminance = (colour: string): number => {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

test('text on any accent has a contrast of 4.5 at least', () => {
  const contrast = (one: string, other: string): number => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number]
    return (high + 0.05) / (low + 0.05)
  }
  for (let red = 0; red < 256; red += 15)
    for (let green = 0; green < 256; green += 5)
      for (let blue = 0; blue < 256; blue += 15) {
        const accent = '#' + [red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')
        const on = readableOn(accent) === '#000' ? '#000000' : '#ffffff'
        assert.ok(contrast(accent, on) >= 4.5, accent)
      }
})
