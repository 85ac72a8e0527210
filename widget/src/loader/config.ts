import type { Config } from '../wire.ts'
import { given } from './given.ts'

/**
 * The project's configuration, from an object without a prototype: what it leaves out, such as the address of a script,
 * must never come from anywhere else.
 */
export let { api, pass, watch, live, tact, moments } = { __proto__: null, ...(given as object) } as unknown as Config

/** Use `fresh`, which a 401 `pass_expired` brought, from now on. */
export const renewPass = (fresh: string): void => {
  pass = fresh
}

/** The token that makes whoever is on this page a test person, if a link to it brought one. */
export const [, test] = location.hash.split('#tactful-test=')
