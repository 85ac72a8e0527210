import { onSent } from './send.js'

/** "Finish the course": unveil the certificate on this page. */
export const setUpCertificate = (form) =>
  onSent(form, () => {
    form.closest('[data-certificate-box]').dataset.state = 'finished'
    document.querySelector('[data-certificate-row]')?.classList.add('done')
    document.querySelector('[data-certificate-paper]').focus({ preventScroll: true })
  })
