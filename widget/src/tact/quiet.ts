/**
 * A quiet moment: nothing lies over the page, nobody types, watches or listens, and somebody looks.
 *
 * What a page cannot tell is not guessed: whether its camera runs, or what happens in a frame of somebody else. A call
 * shows by the stream that it plays, and focus in a frame counts as work there.
 */
import type { Offer, Quiet } from '../wire.ts'
import { pause } from './pause.ts'

const LOOK_MS = 200
const USUAL: Quiet = { for_ms: 1_000, give_up_ms: 300_000, despite: [] }

/** Inside `:is()` a selector that a browser does not know (`:popover-open`) costs the others nothing. */
const OVER = ':is(dialog[open],[role=dialog],[role=alertdialog],[aria-modal=true],:popover-open:not([popover=manual])):not([aria-hidden=true],[inert])'
const FIELD = 'input,textarea,select'

/** Whether something was typed since it was looked for last. Nothing is known of before: it may have been. */
let typed = true
addEventListener('input', () => (typed = true), true)

const all = <Kind extends Element>(selector: string): Kind[] => [...document.querySelectorAll<Kind>(selector)]

/** Drawn, and not moved out of the window; some have no height and hold what covers the page. */
const isOpen = (element: any): boolean => {
  const { left, right, top, bottom, height } = element.getBoundingClientRect()
  const drawn = element.checkVisibility ? element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) : element.getClientRects()[0]
  return drawn && right > 0 && left < innerWidth && !(height && (bottom <= 0 || top >= innerHeight))
}

const isPlaying = ({ paused, ended, srcObject, muted, volume }: HTMLMediaElement): unknown => !paused && !ended && (srcObject || (!muted && volume))

/** What has the focus, also within what other people's elements hide. */
const focused = (): any => {
  let found = document.activeElement
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement
  return found
}

/** What disturbs, by the name that `despite` has for it. */
const NOISES: Record<string, () => unknown> = {
  dialog: () => all(OVER).some(isOpen),
  typing() {
    const field = focused()
    return field?.matches('iframe') || (typed && (field?.isContentEditable || field?.matches(FIELD)))
  },
  media: () => navigator.mediaSession?.playbackState == 'playing' || all<HTMLMediaElement>('video,audio').some(isPlaying),
  full_screen: () => document.fullscreenElement || document.pictureInPictureElement || (window as any).documentPictureInPicture?.window,
}

/**
 * Wait for a quiet moment and return true; false if it does not come in time, or if `still` does not hold any more.
 * Where it is quiet at the first look that is enough; what has disturbed must be over for `for_ms`. A page without the
 * `target` that the card stands in is as one that nobody sees.
 */
export const quiet = async (still: () => boolean, { target, quiet: { for_ms, give_up_ms, despite } = USUAL }: Offer): Promise<boolean> => {
  const begun = Date.now()
  for (let now = begun, noisy = 0; still() && now <= begun + give_up_ms; now = Date.now()) {
    const away = document.hidden || (target && !document.getElementById(target))
    if (away || Object.keys(NOISES).some((name) => !despite.includes(name) && NOISES[name]!())) noisy = now
    else if (now - noisy >= for_ms) return true
    typed = false
    await pause(LOOK_MS)
  }
  return false
}
