/** Why results of load tests are inconclusive, and names of their trials, in Russian. */
export const RUSSIAN_LOAD_REASONS = {
  // Trials.
  calibration: 'калибровка',
  'trial {number}: {n|replica|replicas}': 'испытание {number}: {n|реплика|реплики|реплик}',
  '{replicas|replica|replicas}, {n|connection|connections}':
    '{replicas|реплика|реплики|реплик}, {n|соединение|соединения|соединений}',
  '{replicas|replica|replicas} at the knee, {number}': '{replicas|реплика|реплики|реплик} в точке перегиба, {number}',
  '{users|user|users}, {replicas|replica|replicas}':
    '{users|пользователь|пользователя|пользователей}, {replicas|реплика|реплики|реплик}',
  'closed loop, {n|connection|connections}': 'замкнутый цикл, {n|соединение|соединения|соединений}',
  '{rate} requests/s': '{rate} запросов/с',
  'no trial': 'испытаний не было',
  '{trial}: {issue}': '{trial}: {issue}',
  '{trial}: load generator is the bottleneck: {limit}': '{trial}: узкое место - генератор нагрузки: {limit}',

  // The bottleneck.
  'bottleneck in {count} of {trials} trials: {bottleneck}': 'узкое место в {count} из {trials} испытаний: {bottleneck}',
  'inconclusive: {why}': 'не определено: {why}',
  '{what} ({why})': '{what} ({why})',
  'no CPU usage sampled': 'использование CPU не измерено',
  'no CPU is saturated, so the bottleneck is not CPU (connections, locks, network, disk){highest}':
    'ни один CPU не загружен полностью, значит узкое место не в CPU (соединения, блокировки, сеть, диск){highest}',
  '; highest is {name} at {percent} % of its {limit} cores': '; выше всех загрузка {name}: {percent} % из {limit} ядра',
  'several are saturated: {all}': 'полностью загружены несколько: {all}',
  'the CPU limit of {service}': 'предел CPU сервиса {service}',
  '{n|container|containers} used {cores} of {limit} cores{throttled}':
    '{n|контейнер|контейнера|контейнеров}, использовано {cores} из {limit} ядра{throttled}',
  ', throttled in {percent} % of the periods': ', ограничение в {percent} % периодов',
  'the CPU of {node}': 'CPU узла {node}',
  'the CPU of the machine of {nodes}': 'CPU машины, на которой работают {nodes}',
  '{cores} of {limit} cores in use': 'занято {cores} из {limit} ядер',

  // Validity of a trial.
  'load ended early: {why}': 'нагрузка закончилась раньше: {why}',
  aborted: 'прервана',
  'requests used up': 'запросы исчерпаны',
  'too many failures': 'слишком много ошибок',
  'load generator is the bottleneck: {limit}': 'узкое место - генератор нагрузки: {limit}',
  'no request got a response': 'ни на один запрос нет ответа',
  '{percent} % of the requests failed; the limit is {limit} %': 'ошибок запросов: {percent} %; предел {limit} %',
  '{answered} of {replicas} replicas responded': 'ответили реплики: {answered} из {replicas}',
  'one replica served {percent} % of an equal share; the minimum is {minimum} %':
    'одна реплика обслужила {percent} % равной доли; минимум {minimum} %',

  // The load generator.
  'the generator used {percent} % of its one core': 'генератор использовал {percent} % своего единственного ядра',
  'the generator was busy {percent} % of the time, with {cores} % of a core':
    'генератор был занят {percent} % времени, с {cores} % ядра',
  'the generator lagged {ms} ms (p99)': 'генератор запаздывал на {ms} мс (p99)',
  'requests were sent {ms} ms late (p99)': 'запросы отправлены с опозданием {ms} мс (p99)',

  // Comparisons.
  'too few trials: {base} and {other}, {least} each are needed':
    'слишком мало испытаний: {base} и {other}, нужно не менее {least} каждого вида',
  'a trial has no successful response': 'в одном из испытаний нет успешных ответов',
  '{first}; and {n|more issue|more issues}, such as: {other}':
    '{first}; и ещё {n|причина|причины|причин}, например: {other}',
  'ratio {ratio}, {level} % confidence interval': 'отношение {ratio}, доверительный интервал {level} %',
  'ratio {ratio}, {level} % confidence interval, corrected for {looks} looks':
    'отношение {ratio}, доверительный интервал {level} % с поправкой на число проверок ({looks})',
  'more: {numbers}': 'больше: {numbers}',
  'less: {numbers}': 'меньше: {numbers}',
  'no difference within {percent} %: {numbers}': 'разница не более {percent} %: {numbers}',
  'the confidence interval is too wide: {numbers}; run more or longer trials':
    'доверительный интервал слишком широк: {numbers}; нужно больше испытаний или более долгие',

  // Users with think time.
  '{requests} requests are too few': 'запросов слишком мало: {requests}',
  'measured {measured} requests/s; think time and latency predict {predicted}':
    'измерено {measured} запросов/с; по паузам и задержке ожидалось {predicted}',

  // Scaling laws.
  'no load on {replicas|replica|replicas} was within the limits':
    '{replicas|реплика|реплики|реплик}: ни одна нагрузка не осталась в допустимых пределах',
  'throughput of {replicas|replica|replicas} still rose at the maximum of connections: increase load_most_connections':
    '{replicas|реплика|реплики|реплик}: пропускная способность ещё росла при наибольшем числе соединений: увеличьте ' +
    'load_most_connections',
  '{usl}; Amdahl: {amdahl}': '{usl}; закон Амдала: {amdahl}',
  'trials have {counts} different numbers of replicas; a fit of {parameters} parameters needs {least}':
    'в испытаниях разных чисел реплик: {counts}; чтобы определить параметры ({parameters}), нужно {least}',
  'a trial has no throughput': 'в одном из испытаний пропускная способность нулевая',
  'the trials do not determine the parameters': 'испытания не определяют параметры',
  'the curve misses the trials by {percent} %': 'кривая отклоняется от испытаний на {percent} %',
  'the confidence interval of contention is too wide: {interval}':
    'доверительный интервал конкуренции слишком широк: {interval}',
  'the confidence interval of coherence is too wide: {interval}':
    'доверительный интервал согласованности слишком широк: {interval}',

  // The CPU budget of replicas.
  'each replica could use at most {limit} cores, and needs {least}: {shares}':
    'каждой реплике досталось бы не более {limit} ядра, а нужно {least}: {shares}',
  'end what uses {busy} cores on this machine, or send the load from hosts of a group loadgen':
    'завершите то, что занимает {busy} ядра этой машины, или отправляйте нагрузку с узлов группы loadgen',
  'use a machine with more cores, fewer replicas, or hosts of a group loadgen':
    'возьмите машину с большим числом ядер, меньше реплик или узлы группы loadgen',
  '{free} of {cores} cores are free for {replicas} replicas; a request costs {replica} ms in a replica, {others} ms in the rest of the machine and {generator} ms in the load generator{apart}':
    'для реплик ({replicas}) свободно {free} из {cores} ядер; запрос стоит {replica} мс в реплике, {others} мс на ' +
    'остальной машине и {generator} мс в генераторе нагрузки{apart}',
  ', which has a dedicated core': ', у которого отдельное ядро',
} as const
