/** What waits for whoever is here: asked for once, and then, where the server says so, listened for by another file. */
import type { Live } from '../wire.ts'
import { api, live, test } from './config.ts'
import { flush } from './events.ts'
import { user } from './identity.ts'
import { written } from './request.ts'

/** The live stream's client, once it has run, adds itself to the snippet's global. */
declare const tactful: { live?: Live }

/** For whom it was asked; at first neither for a user nor for nobody. */
let asked: unknown = 0

/** Look who is here now. Called after everything that may have changed it. */
export const attend = (): void => {
  if (tactful.live) tactful.live(user, api, written, flush)
  else if ((test || (live && user.user_id)) && asked != (asked = user.user_id)) flush(true)
}
