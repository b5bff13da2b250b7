/** Texts of the Counter app in Russian. */
export const RUSSIAN_APP = {
  '{seconds} s': '{seconds} с',
  '{ready} of {wanted} nodes are ready and active': 'готовы и активны узлы: {ready} из {wanted}',
  '{replicas} of {wanted} replicas responded; {errors} of {requests} requests through {targets} nodes failed':
    'ответили реплики: {replicas} из {wanted}; ошибок запросов через узлы ({targets}): {errors} из {requests}',
  '{increments} increments by {clients} concurrent clients added {added}; {errors} failed':
    'увеличений счётчика: {increments}, одновременных клиентов: {clients}; счётчик вырос на {added}; ошибок: {errors}',
  'Every node of the inventory is a ready and active Swarm member':
    'Все узлы инвентаря входят в Swarm, готовы и активны',
  'All replicas respond to requests from outside': 'Все реплики отвечают на запросы извне',
  'N increments by concurrent clients add exactly N':
    'N увеличений от одновременных клиентов увеличивают счётчик ровно на N',
  'The Counter page shows the count in a browser': 'Страница Counter показывает счётчик в браузере',
  'no Chromium on this machine: install it, or set CHROME_PATH':
    'на этой машине нет Chromium: установите его или задайте CHROME_PATH',
  'Chromium drew {url} with count {count}': 'Chromium показал {url}, счётчик {count}',
  'Chromium drew {url} without a count': 'Chromium показал {url} без счётчика',
  'Chromium drew no page at {url}: {why}': 'Chromium не показал страницу {url}: {why}',
} as const
