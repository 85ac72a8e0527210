/**
 * Send a form without leaving the page and resolve to what Lantern answers.
 *
 * Where that fails the form is sent the old way, which shows the browser's own error page or succeeds after all.
 */
export const sendForm = async (form) => {
  try {
    const reply = await fetch(form.action, {
      method: 'POST',
      body: new URLSearchParams(new FormData(form)),
      headers: { accept: 'application/json' },
    })
    if (reply.ok) return await reply.json()
  } catch {
    // Sent the old way below.
  }
  form.submit()
  return new Promise(() => {})
}

/** Call `then` with Lantern's answer whenever `form` is submitted; a second press while waiting does nothing. */
export const onSent = (form, then) => {
  let waiting = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (waiting) return
    waiting = true
    then(await sendForm(form))
    waiting = false
  })
}

/** Tell Tactful what happened. */
export const track = (name, properties) => {
  document.dispatchEvent(new CustomEvent('lantern:track', { detail: { name, properties } }))
  window.tactful('track', name, properties)
}
