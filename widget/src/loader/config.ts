import type { Config } from '../wire.ts'
import { given } from './given.ts'

/** The project's configuration. */
export let { api, pass, watch, live, card, moments } = given as Config

/** Use `fresh`, which a 401 `pass_expired` brought, from now on. */
export const renewPass = (fresh: string): void => {
  pass = fresh
}

/** The token that makes whoever is on this page a test person, if a link to it brought one. */
export const [, test] = location.hash.split('#tactful-test=')
