/**
 * What may be done with the thanks: follow a link, pass a text on, take a coupon; and what somebody promises. What is
 * done is told as it happens, through the outbox, so that a click which leaves the page is not lost.
 */
import type { Click, DrawActs } from '../wire.ts'
import { button, element } from '../card/element.ts'
import { isLink } from './isLink.ts'

export const acts: DrawActs = ({ action, share, coupon, promise }, { ask, survey }, post, listeners) => {
  if (!(action || share || coupon || promise)) return
  const { words } = survey
  const device = navigator as Partial<Navigator>
  const live = element('p', { class: 'live', role: 'status' })

  const did = (what: Click): void => {
    post('clicks', { ask, what })
    for (const [wanted, listener] of listeners) if (wanted == 'clicked') setTimeout(listener, 0, { survey: survey.key, what })
  }

  /** A text in a field that can be selected by hand, and a button that copies it. */
  const copyable = (text: string, what: Click, label: string): HTMLElement => {
    const field = element('textarea', { class: 'field ' + what, readonly: true, rows: 1, 'aria-label': label }, text)
    const copied = (): void => {
      copy.textContent = live.textContent = words.copied
    }
    // Without a clipboard (no https, or a policy against it) the text stays selected, for the hand that copies it then.
    const select = (): void => {
      field.focus()
      field.select()
      if (document.execCommand('copy')) copied()
    }
    const copy = button(
      'quiet',
      () => {
        did(what)
        if (device.clipboard) device.clipboard.writeText(text).then(copied, select)
        else select()
      },
      {},
      words.copy,
    )
    return element('div', { class: 'copy' }, field, copy)
  }

  /** A link in a tab of its own; an address of mail opens none. */
  const linkTo = (label: string, href: string): HTMLElement => {
    const onclick = (): void => did('action')
    const target = /^h/i.test(href) && '_blank'
    return element('a', { class: 'primary', href, target, rel: 'noopener', onclick, onauxclick: onclick }, label)
  }

  const url = isLink(share?.url || '') ? share!.url! : ''
  const pass = (): unknown =>
    // Rejected where somebody thinks better of it.
    device.share!(url ? { text: share!.text, url } : { text: share!.text }).then(
      () => did('share'),
      () => {},
    )
  // Who does not see it hears the promise after the thanks.
  if (promise) setTimeout(() => (live.textContent = promise.text), 500)
  return element(
    'div',
    { class: 'acts' },
    promise && element('p', {}, promise.text, !promise.text.includes(promise.by) && element('b', {}, promise.by)),
    coupon && copyable(coupon, 'coupon', words.coupon),
    share && copyable(share.text + (url && ' ' + url), 'copy', words.share),
    share && device.share && button('primary', pass, {}, words.share),
    action && isLink(action.url) && linkTo(action.label, action.url),
    live,
  )
}
