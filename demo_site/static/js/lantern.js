/** Lantern's own scripts: forms that do not reload the page, the account menu, and the way to give feedback. */
import { setUpCertificate } from './certificate.js'
import { setUpFinish } from './finish.js'
import { keepFresh } from './fresh.js'
import { setUpMenu } from './menu.js'
import { setUpQuiz } from './quiz.js'
import { setUpStaying } from './stay.js'

const each = (selector, setUp) => document.querySelectorAll(selector).forEach(setUp)

each('[data-finish]', setUpFinish)
each('[data-quiz]', setUpQuiz)
each('[data-certificate]', setUpCertificate)
each('[data-menu]', setUpMenu)
each('[data-fresh]', keepFresh)
setUpStaying()
each('[data-feedback]', (button) => button.addEventListener('click', () => window.tactful('show', 'feedback')))
