// How a test talks to a client of Node: one line of JSON for each call, and a line back once a flush is through.

import { createInterface } from 'node:readline'

/** Make the calls that come in, until no more come. */
export async function drive(calls) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...args] = JSON.parse(line)
    await calls[name](...args)
    if (name === 'flush') process.stdout.write('flushed\n')
  }
}
