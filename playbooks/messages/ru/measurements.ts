/** What measurements did, and the tables and texts they recorded, in Russian. */
export const RUSSIAN_MEASUREMENTS = {
  // Requests.
  '{request}, {n|time|times}, round robin': '{request}, {n|раз|раза|раз}, по кругу',
  '{request}, {n|time|times}, round robin over {urls}': '{request}, {n|раз|раза|раз}, по кругу через {urls}',
  '{request}, {n|time|times} by {clients} clients, round robin over {urls}':
    '{request}, {n|раз|раза|раз}, клиентов: {clients}, по кругу через {urls}',
  '{request}, {n|time|times} by one client with cookies, round robin':
    '{request}, {n|раз|раза|раз} одним клиентом с cookie, по кругу',
  '{request}, {n|time|times} by a new client each, round robin':
    '{request}, {n|раз|раза|раз}, каждый раз новым клиентом, по кругу',
  '{request} repeatedly, round robin': '{request} повторно, по кругу',
  '{requests} at {urls}': '{requests} через {urls}',
  '{requests}, {rate} requests/s, round robin over the nodes; {command} every {every} s':
    '{requests}, {rate} запросов/с, по кругу через узлы; {command} каждые {every} с',
  'port {port}: {probes}': 'порт {port}: {probes}',
  'GET {url}: count {count}': 'GET {url}: счётчик {count}',
  'GET {paths} on {url}': 'GET {paths} на {url}',
  'GET {path}, {n|time|times} over one connection to {url}':
    'GET {path}, {n|раз|раза|раз} по одному соединению с {url}',
  'GET /api/counter through each node, each on a new connection':
    'GET /api/counter через каждый узел, каждый раз по новому соединению',
  'GET /api/counter at {urls}, 3 times each, with Host: {host}, then with Host: {other}':
    'GET /api/counter на {urls}, по 3 раза с Host: {host}, затем с Host: {other}',
  'Host: {host}: {answered} of {total} requests answered by the app':
    'Host: {host}: приложение ответило на {answered} из {total} запросов',
  'failed requests: {n}': 'ошибок запросов: {n}',
  '{n} failed: {error}': 'ошибок: {n}: {error}',
  'connections: {n}': 'соединений: {n}',
  'count before:': 'счётчик до:',
  'count after:': 'счётчик после:',
  'added:': 'прибавлено:',
  'increments: {acknowledged} acknowledged, {indeterminate} indeterminate, {added} counted, {lost} lost':
    'увеличения: подтверждено {acknowledged}, исход неизвестен {indeterminate}, учтено {added}, потеряно {lost}',
  'no manager answered {unanswered} of {all} placement queries':
    'ни один узел-менеджер не ответил на запросы о размещении: {unanswered} из {all}',

  // Titles of columns and rows.
  NODE: 'УЗЕЛ',
  REPLICA: 'РЕПЛИКА',
  RESPONSES: 'ОТВЕТЫ',
  'BALANCER ON': 'БАЛАНСИРОВЩИК НА',
  'APP ON': 'ПРИЛОЖЕНИЕ НА',
  PATH: 'ПУТЬ',
  STATUS: 'КОД',
  BOX: 'ЭЛЕМЕНТ',
  WHERE: 'ГДЕ',
  FROM: 'ОТКУДА',
  TO: 'КУДА',
  BY: 'КАК',
  THROUGH: 'ЧЕРЕЗ',
  ON: 'НА',
  ANSWERS: 'ОТВЕТЫ',
  ENDPOINT: 'ТОЧКА ВХОДА',
  SENT: 'ОТПРАВЛЕНО',
  'OUTAGE s': 'ПЕРЕРЫВ с',
  'P50 ms': 'P50 мс',
  'P95 ms': 'P95 мс',
  all: 'все',
  SERVICE: 'СЕРВИС',
  PROCESSES: 'ПРОЦЕССЫ',
  'MEMORY MB': 'ПАМЯТЬ МБ',
  CORES: 'ЯДРА',
  none: 'нет',
  TRIAL: 'ИСПЫТАНИЕ',
  REPLICAS: 'РЕПЛИКИ',
  'GOOD/S': 'УСПЕШНО/С',
  SECOND: 'СЕКУНДА',
  DESIRED: 'НУЖНО',
  READY: 'ГОТОВО',
  PERSISTENCE: 'СОХРАНЕНИЕ',
  RUN: 'ПОВТОР',
  ACKNOWLEDGED: 'ПОДТВЕРЖДЕНО',
  INDETERMINATE: 'НЕИЗВЕСТНО',
  ADDED: 'ПРИБАВЛЕНО',
  LOST: 'ПОТЕРЯНО',
  'IN THE LAST SECOND': 'ЗА ПОСЛЕДНЮЮ СЕКУНДУ',
  unknown: 'неизвестно',

  // The network of the balancer.
  'addresses and ports of the inventory, placement of docker stack ps':
    'адреса и порты из инвентаря, размещение по docker stack ps',
  'not every balancer reached every replica within 30 attempts: results may show the deploy':
    'не каждый балансировщик получил ответы от каждой реплики за 30 попыток: в результатах может быть видно развёртывание',

  // Load tests.
  'CPU of {seconds} s without load, and of {requests} requests over {connections} connections':
    'CPU за {seconds} с без нагрузки и за запросы ({requests}) по {connections} соединениям',
  'CPU OF A REQUEST': 'CPU НА ЗАПРОС',
  MS: 'МС',
  replica: 'реплика',
  'rest of the machine': 'остальная машина',
  'load generator': 'генератор нагрузки',
  'CPU limit of a replica during the test: {limit} cores': 'предел CPU реплики во время испытания: {limit} ядра',
  'no limit fits: {why}': 'подходящего предела нет: {why}',
  'the load generator has CPU {cpu} of this machine for itself; the nodes use the others':
    'у генератора нагрузки отдельный CPU {cpu} этой машины; узлы используют остальные',
  '{n|trial|trials} of 1 and {replicas} replicas, interleaved, {connections} connections{condition}':
    '{n|испытание|испытания|испытаний} с 1 и {replicas} репликами поочерёдно, соединений: {connections}{condition}',
  ', {condition}': ', {condition}',
  'load increased in steps on {replicas|replica|replicas}':
    '{replicas|реплика|реплики|реплик}: нагрузка увеличивается ступенями',
  'capacity of {replicas} replicas': 'производительность при числе реплик {replicas}',
  'throughput of each load step': 'пропускная способность на каждой ступени нагрузки',
  '{users} users with a think time of 0.5 to 2 s for {seconds} s, on {replicas} replicas':
    'пользователи ({users}) с паузами от 0,5 до 2 с в течение {seconds} с, реплики: {replicas}',
  '{users|user|users} for {seconds} s, think time 0.5 to 2 s':
    '{users|пользователь|пользователя|пользователей} в течение {seconds} с, паузы от 0,5 до 2 с',
  'requests at fixed rates to {replicas|replica|replicas}; goal: p99 of {goal} ms{condition}':
    '{replicas|реплика|реплики|реплик}: запросы с постоянной частотой; цель: p99 не более {goal} мс{condition}',

  // Swarm against Kubernetes.
  'newest values of the runs in runs/': 'новейшие значения запусков из runs/',
  'terms and behavior of both, with the findings that show them':
    'понятия и поведение обеих систем с результатами проверок, которые их показывают',
  'processes of {units}; start of {replicas} replicas from zero; kill of a container; trials of 1 and {replicas} replicas, interleaved':
    'процессы {units}; запуск реплик с нуля до {replicas}; остановка контейнера; испытания с 1 и {replicas} репликами ' +
    'поочерёдно',
  'start of {replicas} replicas from zero: {seconds} s': 'запуск реплик с нуля до {replicas}: {seconds} с',
  'recovery to {replicas} replicas after a kill: {seconds} s':
    'восстановление до {replicas} реплик после остановки контейнера: {seconds} с',
  'at {rate} requests/s, {replicas} replicas: median {p50} ms, p95 {p95} ms, {failed} failed':
    'при {rate} запросах/с, реплик: {replicas}: медиана {p50} мс, p95 {p95} мс, ошибок: {failed}',
  '{connections} connections for {seconds} s; kubectl get hpa and pods every {every} s':
    'соединений: {connections} в течение {seconds} с; kubectl get hpa и pods каждые {every} с',
  'not every endpoint responds: {late}': 'отвечают не все точки входа: {late}',

  // Redis.
  'the app returned no count before the switch, so there is nothing to compare with':
    'приложение не вернуло счётчик до переключения, поэтому сравнивать не с чем',
  'POST /api/counter/increment, {n|time|times}, then GET /api/counter':
    'POST /api/counter/increment, {n|раз|раза|раз}, затем GET /api/counter',
  'GET /api/counter, POST /api/counter/increment {n|time|times}, GET again':
    'GET /api/counter, POST /api/counter/increment {n|раз|раза|раз}, снова GET',
  'acknowledged: {acknowledged} of {sent}': 'подтверждено: {acknowledged} из {sent}',
  'highest count returned: {count}': 'наибольший полученный счётчик: {count}',
  'count: {count}': 'счётчик: {count}',
  'count after the increments: {count}': 'счётчик после увеличений: {count}',
  'no topology is active yet': 'активной топологии пока нет',
  'active topology: {topology}': 'активная топология: {topology}',
  'no response from: {names}': 'нет ответа от: {names}',
  'POST /api/counter/increment, {n|time|times}; INFO commandstats of each node before and after':
    'POST /api/counter/increment, {n|раз|раза|раз}; INFO commandstats каждого узла до и после',
  'key "{key}": slot {slot}, served by {server} on {node}': 'ключ "{key}": слот {slot}, обслуживает {server} на {node}',
  '{n|increment|increments} acknowledged': 'подтверждено увеличений: {n}',
  '{n|increment|increments}': '{n|увеличение|увеличения|увеличений}',
  '(as a replica of the master)': '(как реплика мастера)',
  '{n|time|times}, {pause} ms apart: INCR on the master, then GET on a replica until it returns the new value; idle, and under write load from another client':
    '{n|раз|раза|раз} через {pause} мс: INCR на мастере, затем GET на реплике до нового значения; без нагрузки и при ' +
    'записи другим клиентом',
  max: 'макс.',
  '{name} {ms} ms': '{name} {ms} мс',
  '{name} over 5 s': '{name} более 5 с',
  'lag: {lag}; stale first reads: {stale}': 'запаздывание: {lag}; устаревших первых чтений: {stale}',
  'read round trip: {times}': 'время чтения: {times}',
  'writer: {rate} increments/s from {writer}, pipeline depth {depth}':
    'запись: {rate} увеличений/с с узла {writer}, глубина конвейера {depth}',
  'Lags are upper bounds: they include a read round trip and CPU wait of the client. A stale first read proves lag.':
    'Запаздывание - оценка сверху: в него входят время чтения и ожидание CPU клиентом. Устаревшее первое чтение ' +
    'доказывает запаздывание.',
  'POST /api/counter/increment and GET /api/counter, {n|time|times} each from 12 clients through every node; GET counter of each instance':
    'POST /api/counter/increment и GET /api/counter, по {n|разу|раза|раз} от 12 клиентов через каждый узел; счётчик ' +
    'каждого экземпляра',
  'increments: {acknowledged} acknowledged, {failed} failed':
    'увеличения: подтверждено {acknowledged}, ошибок {failed}',
  'counts returned by reads:': 'счётчики, полученные при чтении:',
  '  {count}: {n|time|times}': '  {count}: {n|раз|раза|раз}',
  'counts of the instances:': 'счётчики экземпляров:',
  'Isolating the master ({topology}, {name}): {time} of {times}':
    'Изоляция мастера ({topology}, {name}): {time} из {times}',
  'Topology {topology}, {fault}: {time} of {times}': 'Топология {topology}, {fault}: {time} из {times}',
  'Killing Redis: {time} of {times}': 'Остановка Redis: {time} из {times}',
  '{n|time|times}: {rate} increments/s on each of four servers; docker kill --signal KILL after {seconds} s; GET after Swarm restarted them':
    '{n|раз|раза|раз}: {rate} увеличений/с на каждом из четырёх серверов; docker kill --signal KILL через {seconds} с; ' +
    'GET после перезапуска силами Swarm',
  'POST /api/counter/increment, {connections} connections, {trials} trials of {seconds} s per topology, ABBA order':
    'POST /api/counter/increment, соединений: {connections}, испытаний на топологию: {trials} по {seconds} с, порядок ABBA',
  'measurements of the experiments of this run': 'измерения экспериментов этого запуска',

  // Stacks.
  "a node's kernel has no IPVS, so the routing mesh does not work; DNS round robin and a gateway on every node replace it":
    'в ядре узла нет IPVS, поэтому routing mesh не работает; его заменяют DNS round robin и шлюз на каждом узле',
  'docker stack ps {stack}, counted by service and node': 'docker stack ps {stack}, подсчёт по сервисам и узлам',
  'the kernel has no IPVS, so virtual IPs and ingress ports of {names} do not work; use endpoint_mode: dnsrr, and ports with mode: host':
    'в ядре нет IPVS, поэтому виртуальные IP и порты ingress сервисов {names} не работают; используйте ' +
    'endpoint_mode: dnsrr и порты с mode: host',
} as const
