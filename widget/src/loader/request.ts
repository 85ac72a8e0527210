import { api, pass, renewPass } from './config.ts'
import { isTemporary } from './isTemporary.ts'
import { write } from './json.ts'

/** Write `body` as it travels: every request carries the pass of now. */
export const written = (body: object): string => write({ pass, ...body })

/**
 * POST `body` to the server, as text/plain, which needs no preflight, and return what it says. Rejects where trying
 * again makes sense: the network failed, or the server is down or busy. A refusal that brings a fresh pass is tried again.
 * What it returns has no prototype: what the server leaves out, nobody else says for it.
 */
export const request = async (path: string, body: object): Promise<Record<string, any>> => {
  const reply = await fetch(api + '/w/' + path, { method: 'POST', body: written(body), keepalive: true })
  const said = { __proto__: null, ...(await reply.json().catch(() => 0)) } as Record<string, any>
  if ((said.pass || pass) != pass) {
    renewPass(said.pass)
    return request(path, body)
  }
  if (isTemporary(reply.status)) throw said
  return said
}
