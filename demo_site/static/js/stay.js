/** Forms of the help desk that leave one where one is: sent by script, then the page is drawn as it is now. */
import { redraw } from './fresh.js'

/** Where sending by script fails the form is sent the old way, by the same button. */
const sentTheOldWay = (form, button) => {
  form.removeAttribute('data-stay')
  form.requestSubmit(button)
}

let sending = false

const send = async (form, button) => {
  const body = new URLSearchParams(new FormData(form, button))
  const address = button?.hasAttribute('formaction') ? button.formAction : form.action
  const reply = await fetch(address, { method: 'POST', body, headers: { accept: 'application/json' } })
  if (!reply.ok) throw new Error(`status ${reply.status}`)
  form.reset()
  await redraw()
  document.dispatchEvent(new Event('lantern:sent'))
}

/** One listener for all: the forms come and go as tickets are closed and opened again. */
export const setUpStaying = () =>
  document.addEventListener('submit', (event) => {
    const { target: form, submitter } = event
    if (!form.matches('[data-stay]')) return
    event.preventDefault()
    if (sending) return
    sending = true
    send(form, submitter)
      .then(() => form.isConnected || document.getElementById('main').focus({ preventScroll: true }))
      .catch(() => sentTheOldWay(form, submitter))
      .finally(() => (sending = false))
  })
