import { write } from './json.ts'

/** Sum up any JSON value in one 32-bit number, so that what was sent can be recognised without keeping it. */
export const digest = (value: unknown): number => {
  let sum = 7
  for (const letter of write(value)) sum = (sum * 31 + letter.codePointAt(0)!) | 0
  return sum
}
