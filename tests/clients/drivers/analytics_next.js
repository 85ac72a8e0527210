// @segment/analytics-next, by its public settings alone.

import { AnalyticsBrowser } from '@segment/analytics-next'

const { url, key, batching } = document.currentScript.dataset
const deliveryStrategy = { strategy: 'batching', config: { size: 3, timeout: 500 } }
const analytics = AnalyticsBrowser.load(
  { writeKey: key, cdnURL: url },
  batching === undefined ? {} : { integrations: { 'Segment.io': { deliveryStrategy } } },
)

window.calls = {
  identify: (userId, traits) => void analytics.identify(userId, traits),
  group: (groupId, traits) => void analytics.group(groupId, traits),
  track: (event, properties) => void analytics.track(event, properties),
}
