const COPIED_FOR_MS = 2_000

/** Give a block of code a button that copies it. */
export const addCopyButton = (sample: HTMLElement): void => {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'copy'
  button.textContent = 'Copy'
  button.setAttribute('aria-live', 'polite')
  button.addEventListener('click', async () => {
    const code = sample.querySelector('code')?.textContent ?? ''
    // Refused where the page is not focused or not allowed to: the code can still be selected.
    button.textContent = await navigator.clipboard.writeText(code).then(
      () => 'Copied',
      () => 'Select and copy',
    )
    setTimeout(() => (button.textContent = 'Copy'), COPIED_FOR_MS)
  })
  sample.prepend(button)
}
