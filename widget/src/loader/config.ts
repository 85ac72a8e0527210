import type { Config } from '../wire.ts'

/**
 * The project's configuration. The server replaces the quoted placeholder, which must occur once in the built file,
 * by JSON. Destructured by `let`, so that no minifier takes the placeholder for a constant to copy about.
 */
export let { api, pass, watch, live, card, moments } = '__TACTFUL_CONFIG__' as unknown as Config

/** Use `fresh`, which a 401 `pass_expired` brought, from now on. */
export const renewPass = (fresh: string): void => {
  pass = fresh
}

/** The token that makes whoever is on this page a test person, if a link to it brought one. */
export const [, test] = location.hash.split('#tactful-test=')
