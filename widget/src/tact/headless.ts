/** A page that draws what is asked by itself: it gets what the card would get, and a hand to answer by. */
import type { Answers, Asked, Closing, Happening, Listeners, Post } from '../wire.ts'

/** What stands for the card: whether it is on the page, and how it is taken away. */
export interface Shown {
  isConnected: boolean
  remove?: () => unknown
}

/** Let `draw` show `asked`. What it returns, or promises, is called if the one who is asked goes away. Throws as `draw` does. */
export const headless = (draw: (...told: any[]) => unknown, asked: Asked, post: Post, listeners: Listeners): Shown => {
  const { ask, survey } = asked
  let rev = 0
  let answers: Answers = {}
  const tell = (what: Happening, done = false): void => {
    for (const [wanted, listener] of listeners) if (wanted == what) setTimeout(listener, 0, { survey: survey.key, answers, done })
  }
  const closing = (how: Closing): void => post('closings', { ask, how })
  const save = (done: boolean): void => post('responses', { ask, rev: ++rev, answers, done }, '!' + ask.slice(-24))
  const hand = {
    respond(said: Answers, done = false) {
      if (!shown.isConnected) return
      answers = { ...answers, ...said }
      save(done)
      shown.isConnected = !done
      tell('answered', done)
    },
    close(how: Closing = 'dismissed') {
      const ends = shown.isConnected
      shown.isConnected = false
      if (ends && rev) save(true)
      if ((ends && !rev) || how == 'opted_out') closing(how)
      if (ends && !rev && how != 'not_rendered') tell('dismissed')
    },
    seen: () => closing('seen'),
  }
  const shown: Shown = { isConnected: true }
  const drawn = Promise.resolve(draw(asked, hand))
  shown.remove = () => {
    shown.isConnected = false
    return drawn.then((undo: any) => undo?.())
  }
  drawn.catch(() => hand.close('not_rendered'))
  tell('asked')
  return shown
}
