/** Texts of the load tests in Russian. */
export const RUSSIAN_LOAD = {
  'Each replica has a CPU limit. While neither the machines nor the load balancer are saturated, four serve more than one: up to four times as much.':
    'У каждой реплики есть предел CPU. Пока ни машины, ни балансировщик не загружены полностью, четыре реплики ' +
    'обслуживают больше одной: до четырёх раз.',
  'Each of 4 replicas receives its share of the requests': 'Каждая из 4 реплик получает свою долю запросов',
  '4 replicas serve more requests than 1': '4 реплики обслуживают больше запросов, чем 1',
  'the calibration measured no requests: {issues}': 'при калибровке нет измеренных запросов: {issues}',
  'cannot be decided on this machine: {why}; {remedy}': 'на этой машине определить нельзя: {why}; {remedy}',
  'with {cores} cores per replica': 'при {cores} ядра на реплику',
  'inconclusive: no response names its replica': 'не определено: ни один ответ не называет свою реплику',
  'lowest share of a replica: {shares} % of an equal share ({answered} responses in {trials} trials)':
    'наименьшая доля реплики: {shares} % равной доли (ответов: {answered}, испытаний: {trials})',
  more: 'больше',
  less: 'меньше',
  'no difference': 'нет разницы',
  inconclusive: 'не определено',
  '{estimate} ({low} to {high})': '{estimate} (от {low} до {high})',
  '{n|replica|replicas}': '{n|реплика|реплики|реплик}',
  '{answer}: ratio {ratio}, 95 % confidence interval': '{answer}: отношение {ratio}, доверительный интервал 95 %',
  '{replicas}: {bottleneck}': '{replicas}: {bottleneck}',
  '{law}: one replica {rate} requests/s, contention {contention}{coherence}; fit error {error} %':
    '{law}: одна реплика {rate} запросов/с, конкуренция {contention}{coherence}; ошибка приближения {error} %',
  ', coherence {coherence}': ', согласованность {coherence}',
  'p99 within {goal} ms': 'p99 не более {goal} мс',
  'a closed loop reaches {throughput}/s': 'в замкнутом цикле {throughput}/с',
  'no rate has {goal}; {closed}': 'ни при какой частоте нет {goal}; {closed}',
  '{rate} requests/s with {goal}; {bound}; {closed}, of which this is {percent} %':
    '{rate} запросов/с, {goal}; {bound}; {closed}, это {percent} % от них',
  'no higher rate was tried': 'более высокая частота не проверялась',
  '{missed} missed it': 'при {missed} цель не достигнута',
  'At a fixed rate, latency rises slowly until the replicas are nearly at their limit, and then without bound. So the highest rate within a latency goal is at most about the throughput of a closed loop, in which requests wait for each other.':
    'При постоянной частоте задержка растёт медленно, пока реплики не близки к пределу, а затем неограниченно. ' +
    'Поэтому наибольшая частота с целевой задержкой не выше пропускной способности замкнутого цикла, где запросы ' +
    'ждут друг друга.',
  'A rate of requests is served with p99 latency within the goal':
    'При некоторой частоте запросов задержка p99 не превышает целевую',
  'Capacity grows with replicas, but less each time, as shared resources (Redis, the machines, the load balancer) become saturated; at some number it stops growing.':
    'Производительность растёт с числом реплик, но каждый раз меньше, так как общие ресурсы (Redis, машины, ' +
    'балансировщик) насыщаются; при некотором числе рост прекращается.',
  'Capacity follows a scaling law that fits the trials':
    'Производительность следует закону масштабирования, который описывает испытания',
  'A user with think time sends at most 1 / (think time + latency) requests per second. While latency is short compared to think time, throughput is the number of users divided by their think time, whatever the server: then more replicas cannot raise it.':
    'Пользователь с паузами отправляет не более 1 / (пауза + задержка) запросов в секунду. Пока задержка мала по ' +
    'сравнению с паузой, пропускная способность равна числу пользователей, делённому на паузу, при любом сервере: ' +
    'тогда дополнительные реплики её не повышают.',
  '{users} users with a think time of 0.5 to 2 s, not the app, limit the throughput':
    'Пропускную способность ограничивают {users} пользователей с паузами от 0,5 до 2 с, а не приложение',
  'users requested {percent} % of their maximum at zero latency':
    'пользователи запросили {percent} % своего максимума при нулевой задержке',
  'users waited {latency} ms per response and requested {percent} % of their maximum':
    'пользователи ждали каждый ответ {latency} мс и запросили {percent} % своего максимума',
  'not measured: load_users is {users}': 'не измерено: load_users равно {users}',
  '{replicas}: measured {measured} requests/s, predicted {predicted}, at most {most}: {why}':
    '{replicas}: измерено {measured} запросов/с, предсказано {predicted}, не более {most}: {why}',
  '{fewest}: {measured} requests/s; {most} serve {difference} %, and these users could ask for {possible} % at most':
    '{fewest}: {measured} запросов/с; {most}: {difference} %, а эти пользователи могли бы запросить не более ' +
    '{possible} %',
  'the machines have timeout multiplier {multiplier}: results would not apply to others, and load may partition the cluster (set load_most_slowdown: {multiplier} to run anyway)':
    'множитель времени этих машин {multiplier}: к другим машинам результаты не применимы, а нагрузка может ' +
    'разделить кластер (чтобы всё же запустить, задайте load_most_slowdown: {multiplier})',
} as const
