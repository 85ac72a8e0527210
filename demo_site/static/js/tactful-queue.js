/**
 * The queue of the documented snippet, as a file since Lantern's policy allows no inline script: calls made before
 * the widget has arrived wait in `tactful.q`.
 *
 * A page without a logged-in person cannot tell the widget that somebody has just logged out, so the first page
 * after it does: without this, what a visitor does would be counted to the person before.
 */
window.tactful = window.tactful || function () {
  ;(window.tactful.q = window.tactful.q || []).push(arguments)
}

{
  const { person, loggedIn } = document.currentScript.dataset
  try {
    const before = localStorage.getItem('lantern-person')
    localStorage.setItem('lantern-person', person)
    if (before && before !== person && loggedIn === undefined) window.tactful('reset')
  } catch {
    // Without storage nobody is remembered from page to page, so there is nobody to forget.
  }
}
