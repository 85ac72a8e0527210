// What a page of Plausible's customers runs: the tracker as its README says, with its events sent to the page's own site.
import { init } from '@plausible-analytics/tracker'

init({ domain: 'shop.test', endpoint: '/api/event', captureOnLocalhost: true })
