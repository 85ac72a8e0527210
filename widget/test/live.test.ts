/** The live stream's helpers. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { pause } from '../src/live/pause.ts'

test('a pause takes its time', async () => {
  let over = false
  const paused = pause(new AbortController().signal, 20).then(() => (over = true))
  await new Promise((resolve) => setTimeout(resolve))
  assert.equal(over, false)
  await paused
})

test('nobody waits for a pause that is stopped', { timeout: 5_000 }, async () => {
  const stop = new AbortController()
  const paused = pause(stop.signal, 2_000_000_000)
  stop.abort()
  await paused
})
