import { api, pass, renewPass } from './config.ts'
import { isSettled } from './isSettled.ts'

export const address = (path: string): string => api + '/w/' + path

/** Write `body` as it travels: every request carries the pass and the browser's time of sending. */
export const written = (body: object): string => JSON.stringify({ pass, sent_at: Date.now(), ...body })

/**
 * POST `body` to the server, as text/plain, which needs no preflight, and return what it says. Rejects where trying
 * again makes sense: the network failed, or the server is down or busy. An expired pass is renewed once.
 */
export const request = async (path: string, body: object, again?: boolean): Promise<Record<string, any>> => {
  const reply = await fetch(address(path), { method: 'POST', body: written(body), keepalive: true })
  const said = await reply.json()
  if (reply.status == 401 && said.pass && !again) {
    renewPass(said.pass)
    return request(path, body, true)
  }
  if (!isSettled(reply.status)) throw said
  return said
}
