// @rudderstack/analytics-js, by its public settings alone.

import { RudderAnalytics } from '@rudderstack/analytics-js/bundled'

const { url, key, batching, beacon } = document.currentScript.dataset
const batch = { enabled: batching !== undefined, maxItems: 3, flushInterval: 500 }
const analytics = new RudderAnalytics()
analytics.load(key, url, {
  configUrl: url,
  useBeacon: beacon !== undefined,
  queueOptions: { minRetryDelay: 100, batch },
})

window.calls = {
  identify: (userId, traits) => analytics.identify(userId, traits),
  group: (groupId, traits) => analytics.group(groupId, traits),
  track: (event, properties) => analytics.track(event, properties),
}
