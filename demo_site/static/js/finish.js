import { onSent } from './send.js'

/**
 * "Finish lesson": mark the lesson here and in the outline, and offer the next one. The event itself is sent by
 * the button's `data-tactful-track`; since the page stays, the card can appear on it.
 */
export const setUpFinish = (form) =>
  onSent(form, (told) => {
    form.closest('[data-finish-box]').dataset.state = 'finished'
    document.querySelector(`[data-lesson="${CSS.escape(form.dataset.finish)}"]`)?.classList.add('done')
    showProgress(told)
    document.querySelector('[data-finished-note]').focus({ preventScroll: true })
  })

const showProgress = ({ done, progress }) => {
  for (const box of document.querySelectorAll('[data-progress]')) {
    box.querySelector('progress').value = done
    box.querySelector('[data-progress-text]').textContent = progress
  }
}
