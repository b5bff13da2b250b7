/** The tables and results that load tests record, in Russian. */
export const RUSSIAN_LOAD_RESULTS = {
  // Titles of columns. FAILED, REPLICAS and TRIAL are those of other measurements.
  REQUEST: 'ЗАПРОС',
  REQUESTS: 'ЗАПРОСЫ',
  COUNT: 'ЧИСЛО',
  FAILED: 'ОШИБКИ',
  USERS: 'ПОЛЬЗОВАТЕЛИ',
  'P50 MS': 'P50 МС',
  'P95 MS': 'P95 МС',
  'P99 MS': 'P99 МС',
  'MEAN MS': 'СРЕДНЕЕ МС',
  'MAX MS': 'МАКС. МС',
  P50: 'P50',
  P95: 'P95',
  P99: 'P99',
  MAX: 'МАКС.',
  'PER S': 'В СЕКУНДУ',
  RPS: 'ЗАПРОСОВ/С',
  'RPS AT MOST': 'НЕ БОЛЕЕ',
  'RATE/S': 'ЧАСТОТА/С',
  GOAL: 'ЦЕЛЬ',
  met: 'достигнута',
  missed: 'не достигнута',
  'SUCCESS/S': 'УСПЕШНО/С',
  GENERATOR: 'ГЕНЕРАТОР',
  MACHINE: 'МАШИНА',
  'CPU OF': 'CPU',
  LIMIT: 'ПРЕДЕЛ',
  THROTTLED: 'ОГРАНИЧЕНИЕ',
  'machine {name}': 'машина {name}',
  'node {name}': 'узел {name}',
  'container {name}': 'контейнер {name}',
  'CAPACITY/S': 'ПРЕДЕЛ/С',
  'AT CONNECTIONS': 'СОЕДИНЕНИЙ',
  'STOPPED BECAUSE': 'ПРИЧИНА ОСТАНОВКИ',
  REPEATED: 'ПОВТОРЫ',
  'INCREMENTS/S': 'УВЕЛИЧЕНИЙ/С',

  // Why the load was not increased further.
  'replicas used all CPU they may': 'реплики использовали весь доступный им CPU',
  'throughput stopped rising': 'пропускная способность перестала расти',
  'latency above limit': 'задержка выше предела',
  'requests failed': 'ошибки запросов',
  'maximum connections': 'наибольшее число соединений',

  // A load.
  '{plan}; {seconds} s measured': '{plan}; измерено {seconds} с',
  '{plan}; {seconds} s measured, ended early: {why}': '{plan}; измерено {seconds} с, закончено раньше: {why}',
  'closed model, {n|connection|connections}': 'замкнутая модель, {n|соединение|соединения|соединений}',
  'open model, {rate} requests/s': 'открытая модель, {rate} запросов/с',
  '{n|user|users}, think time {least} to {most} s':
    '{n|пользователь|пользователя|пользователей}, паузы от {least} до {most} с',
  'throughput: {rate} successful responses/s': 'пропускная способность: {rate} успешных ответов/с',
  'statuses: {counts}': 'коды ответа: {counts}',
  'errors: {counts}': 'ошибки: {counts}',
  'replicas: {counts}': 'реплики: {counts}',
  'nodes: {counts}': 'узлы: {counts}',
  'generator: {cores} % of a core, busy {busy} % of the time, lag {lag} ms (p99){late}':
    'генератор: {cores} % ядра, занят {busy} % времени, запаздывание {lag} мс (p99){late}',
  ', requests sent {ms} ms late (p99)': ', запросы отправлены с опозданием {ms} мс (p99)',
  'users: {users} with {think} s think time and {latency} ms latency; predicted {predicted}/s, measured {measured}/s, maximum {most}/s':
    'пользователи: {users}, паузы {think} с, задержка {latency} мс; предсказано {predicted}/с, измерено {measured}/с, ' +
    'максимум {most}/с',

  // Trials.
  'verdict: {why}': 'вывод: {why}',
  'bottleneck: {what}': 'узкое место: {what}',
  'warning: {issue}': 'предупреждение: {issue}',
  'warning, {trial}: {issue}': 'предупреждение, {trial}: {issue}',
  '{name}: {text}': '{name}: {text}',
  'Universal Scalability Law': 'Универсальный закон масштабируемости',
  "Amdahl's law": 'Закон Амдала',
  'one replica {rate} requests/s, contention {contention}{coherence}; fit error {error} %':
    'одна реплика {rate} запросов/с, конкуренция {contention}{coherence}; ошибка приближения {error} %',
  'no peak: coherence is 0': 'максимума нет: согласованность равна 0',
  'peak capacity at {replicas} replicas by this law; coherence {coherence}':
    'по этому закону наибольшая производительность при числе реплик {replicas}; согласованность {coherence}',

  // Redis topologies.
  TOPOLOGY: 'ТОПОЛОГИЯ',
  'REDIS KILLED': 'REDIS ОСТАНОВЛЕН',
  'NODE LOST': 'УЗЕЛ ПОТЕРЯН',
  'NODE CUT OFF': 'УЗЕЛ ИЗОЛИРОВАН',
  FAILOVER: 'СМЕНА МАСТЕРА',
  'WRITES/S': 'ЗАПИСЕЙ/С',
  MEMORY: 'ПАМЯТЬ',
  '{n} MiB': '{n} МиБ',
  '{topology} against single: {why}': '{topology} по сравнению с single: {why}',
  'memory of Redis and Sentinel, {topology}: {memory}': 'память Redis и Sentinel, {topology}: {memory}',
  'lost: acknowledged increments missing from the final count, of all acknowledged ones. Write outage: the longest time without a successful write.':
    'потеряно: подтверждённые увеличения, которых нет в итоговом счётчике, из всех подтверждённых. Перерыв записи: ' +
    'наибольшее время без успешной записи.',
  'single and replicas have no failover: the write outage lasts until the node is back (about 15 s here, plus its boot).':
    'single и replicas не сменяют мастера: перерыв записи длится до возвращения узла (здесь около 15 с, не считая его ' +
    'загрузки).',
} as const
