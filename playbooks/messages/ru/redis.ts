/** Texts of the Redis topologies in Russian. */
export const RUSSIAN_REDIS = {
  // Common.
  unknown: 'неизвестно',
  never: 'ни разу',
  reads: 'чтений',
  writes: 'записей',
  '{min} to {max}': 'от {min} до {max}',
  '{n|run|runs}': '{n|запуск|запуска|запусков}',
  'write outage {range}': 'перерыв записи {range}',
  'lost writes unknown': 'число потерянных записей неизвестно',
  '{lost} of {acknowledged} lost': 'потеряно {lost} из {acknowledged}',
  '{failed} of {sent} requests through the other nodes failed': 'ошибок запросов через другие узлы: {failed} из {sent}',
  '; only {repeats} of the recommended {recommended} repeats':
    '; повторений только {repeats}, рекомендуется {recommended}',
  '{acknowledged} acknowledged, {added} counted, {indeterminate} indeterminate':
    'подтверждено {acknowledged}, учтено {added}, не определено {indeterminate}',
  '{lost} acknowledged increments lost in {runsWithLoss} of {runs} ({each}); {numbers}':
    'потеряно подтверждённых увеличений: {lost}, запусков с потерей: {runsWithLoss}, всего {runs} ({each}); {numbers}',
  'count unknown in {unknown} of {runs}; {numbers}': 'счётчик неизвестен: {unknown}, всего {runs}; {numbers}',
  'no increment was acknowledged; {numbers}': 'ни одно увеличение не подтверждено; {numbers}',
  'loss probability below {percent} % per run (95 % confidence)':
    'вероятность потери ниже {percent} % на запуск (доверительная вероятность 95 %)',
  '0 acknowledged increments lost in {runs}; {numbers}; {bound}{hidden}':
    'потерянных подтверждённых увеличений нет, {runs}; {numbers}; {bound}{hidden}',
  '; at most {maxLost} losses may be hidden by indeterminate increments':
    '; неопределённые увеличения могут скрывать потери, не более {maxLost}',

  // Loss of the master.
  'Replicas have the data, but none is promoted automatically: the app can neither write nor read until the node is back. The master then recovers its data from the append-only file.':
    'У реплик есть данные, но ни одна не повышается сама: приложение не может ни писать, ни читать, пока узел не ' +
    'восстановлен. Затем master восстанавливает данные из append-only файла.',
  'Replicas do not take over from a lost master: no write is acknowledged until its node is back':
    'Реплики не заменяют потерянный master: пока его узел не восстановлен, ни одна запись не подтверждена',
  'Recovered master has all acknowledged increments': 'У восстановленного master есть все подтверждённые увеличения',
  'no write was acknowledged until recovery in {outOfService} of {runs} runs (downtime {downtime}, {outages}); {requests}{note}':
    'до восстановления ни одна запись не подтверждена, запусков: {outOfService} из {runs} (простой {downtime}, ' +
    '{outages}); {requests}{note}',
  'After five seconds without a response the Sentinels agree that the master is down and promote the replica with the most data. As a replica confirmed each increment before it was acknowledged, none is lost.':
    'Через пять секунд без ответа процессы Sentinel сходятся на том, что master недоступен, и повышают реплику с ' +
    'наибольшими данными. Каждое увеличение до подтверждения было на реплике, поэтому ничего не теряется.',
  'Sentinels promote a replica of the lost master, and writes succeed again':
    'Sentinel повышает реплику потерянного master, и записи снова выполняются',
  'Sentinel failover loses no acknowledged increment':
    'При переключении через Sentinel не теряется ни одно подтверждённое увеличение',
  '{failovers} of {runs} failovers, after {time}; {succeeded} {kind} succeeded before the old master was back; {outages}; {requests}{note}':
    'переключений: {failovers} из {runs}, через {time}; успешных {kind} до возвращения старого master: ' +
    '{succeeded}; {outages}; {requests}{note}',
  'Redis writes each increment to the kernel before it acknowledges it, and the kernel survives. Swarm restarts Redis within seconds; a failover may be faster or slower.':
    'Redis передаёт каждое увеличение ядру до подтверждения, а ядро работает дальше. Swarm перезапускает Redis за ' +
    'секунды; переключение может быть быстрее или медленнее.',
  'Killed Redis process loses no acknowledged increment in any topology':
    'Завершённый процесс Redis не теряет подтверждённых увеличений ни в одной топологии',

  // Network partition.
  'A client on the node of the isolated master writes to it while the others write to the new master. When the partition heals, the old master resyncs from the new one and discards the writes it acknowledged: all of them without protection, about ten seconds of them with min-replicas-to-write, none if the client counts only writes confirmed by a replica.':
    'Клиент на узле изолированного от сети master пишет в него, а остальные - в новый. Когда связь восстановлена, ' +
    'старый master синхронизируется с новым и отбрасывает подтверждённые им записи: без защиты все, с ' +
    'min-replicas-to-write - за последние примерно десять секунд, а если клиент учитывает только записи, ' +
    'подтверждённые репликой, - ни одной.',
  'Sentinels promote a replica on the majority side of a network partition, and writes succeed there':
    'При разделении сети Sentinel повышает реплику на стороне большинства, и записи там выполняются',
  'Isolated master loses acknowledged writes without protection':
    'Без защиты изолированный от сети master теряет подтверждённые записи',
  'min-replicas-to-write makes the isolated master refuse writes, so that fewer are lost':
    'С min-replicas-to-write изолированный от сети master отклоняет записи, и теряется меньше',
  'min-replicas-to-write with WAIT loses no acknowledged increment':
    'С min-replicas-to-write и WAIT не теряется ни одно подтверждённое увеличение',
  "Cluster with WAIT loses no acknowledged increment when the counter's master is isolated":
    'Cluster с WAIT не теряет подтверждённых увеличений, когда master счётчика изолирован от сети',
  '{failovers} of {runs} failovers, after {time}; {writes} writes succeeded before the partition healed; write outage through the other nodes {outage}{note}':
    'переключений: {failovers} из {runs}, через {time}; успешных записей до восстановления связи: {writes}; ' +
    'перерыв записи через другие узлы {outage}{note}',
  '{loss}; without min-replicas-to-write {unprotected} lost{note}':
    '{loss}; без min-replicas-to-write потеряно {unprotected}{note}',
  'lost {lost} of {acknowledged} acknowledged increments':
    'потеряно {lost} из подтверждённых увеличений ({acknowledged})',
  'the isolated master acknowledged {acknowledged}, the last {time} after the partition':
    'изолированный от сети master подтвердил {acknowledged}, последнее через {time} после разделения',
  'the client log is incomplete (expected {time} of writes)': 'журнал клиента неполон (ожидались записи за {time})',

  // Cluster.
  'A cluster distributes keys over its masters by hash slot. One counter is one key on one master, and that master takes all its writes. When it fails, its replica is promoted and serves the slots; the other masters keep working. Without a replica to confirm writes, the app refuses increments until the node recovers.':
    'Cluster распределяет ключи по master-узлам по хеш-слотам. Один счётчик - это один ключ на одном master, и ' +
    'все записи идут в него. При его отказе реплика повышается и обслуживает слоты, остальные master работают ' +
    'дальше. Без реплики, которая подтверждает записи, приложение отклоняет увеличения, пока узел не восстановлен.',
  "Hash slots are distributed evenly over three masters, and no replica runs on its master's node":
    'Хеш-слоты распределены между тремя master поровну, и ни одна реплика не работает на узле своего master',
  'One master serves the counter key and takes all its increments':
    'Ключ счётчика обслуживает один master, и все увеличения идут в него',
  "Cluster promotes the replica of the counter's failed master, and the count stays readable":
    'Cluster повышает реплику отказавшего master счётчика, и счётчик доступен для чтения',
  'Cluster failover loses no acknowledged increment':
    'При переключении в Cluster не теряется ни одно подтверждённое увеличение',
  "{slots}; {colocated} of {replicas} replicas on their master's node":
    '{slots}; реплик на узле своего master: {colocated} из {replicas}',
  '{slots} slots on {node}': 'слотов на {node}: {slots}',
  '{server} took {taken} of {answers} acknowledged increments; it serves slot {slot} of key "{key}", and {elsewhere} of the other {masters} masters took any':
    '{server} принял подтверждённые увеличения: {taken} из {answers}; он обслуживает слот {slot} ключа "{key}"; ' +
    'из остальных master ({masters}) увеличения принимали {elsewhere}',

  // Lag.
  'Replication is asynchronous: a master acknowledges a write before its replicas have it. Idle, the lag is about one network latency; under write load the replication stream queues, and the tail grows.':
    'Репликация асинхронна: master подтверждает запись раньше, чем она есть у реплик. Без нагрузки отставание ' +
    'близко к задержке сети; под нагрузкой на запись поток репликации накапливается, и хвост растёт.',
  'Replication lag stays below one second, idle and under write load':
    'Отставание репликации меньше секунды, без нагрузки и под нагрузкой на запись',
  'Write load makes stale reads from replicas more frequent': 'Под нагрузкой на запись устаревшие чтения с реплик чаще',
  'idle: lag {idle}, read round trip {idleTrip}; under {rate} increments/s: lag {loaded}, read round trip {loadedTrip}{missing}':
    'без нагрузки: отставание {idle}, время чтения {idleTrip}; при {rate} увеличениях/с: отставание {loaded}, ' +
    'время чтения {loadedTrip}{missing}',
  '; samples are missing': '; измерения неполны',
  'stale first reads: {idle} idle, {loaded} under {rate} increments/s':
    'устаревших первых чтений: {idle} без нагрузки, {loaded} при {rate} увеличениях/с',
  '{stale} of {total} ({low} to {high} %, 95 % confidence)':
    '{stale} из {total} (от {low} до {high} %, доверительная вероятность 95 %)',
  '{quantiles}{late} ({samples} samples)': '{quantiles}{late} (измерений: {samples})',
  ', {late} over 5 s': ', дольше 5 с: {late}',

  // Scaling, persistence, replicas.
  'Each instance has its own count, and a connection reaches one of them at random: so reads and increments hit different counters.':
    'У каждого экземпляра свой счётчик, а соединение попадает на случайный из них: поэтому чтения и увеличения ' +
    'относятся к разным счётчикам.',
  'Three instances of one Redis service return different counts':
    'Три экземпляра одного сервиса Redis возвращают разные значения счётчика',
  'counts differed in {broken} of {rounds} rounds with {instances} instances; in the last, the instances had {at} and reads returned {at2}; {acknowledged} increments acknowledged in total; with one instance reads returned {returned}':
    'значения различались в раундах: {broken} из {rounds}, экземпляров: {instances}; в последнем у экземпляров ' +
    'было {at}, чтения вернули {at2}; всего подтверждено увеличений: {acknowledged}; с одним экземпляром чтения ' +
    'вернули {returned}',
  'SIGKILL ends the process, not the kernel, and data written to a file is in the page cache: an append-only file loses nothing, whatever its fsync policy. A snapshot loses all later writes, and without persistence everything is lost. Only a power cut distinguishes "everysec" from "always".':
    'SIGKILL завершает процесс, а не ядро, и записанные в файл данные остаются в страничном кеше: append-only ' +
    'файл не теряет ничего при любой политике fsync. Снимок теряет все последующие записи, а без сохранения ' +
    'теряется всё. Режимы "everysec" и "always" различаются только при отключении питания.',
  'Killed Redis without persistence loses all acknowledged increments':
    'Завершённый Redis без сохранения теряет все подтверждённые увеличения',
  'Killed Redis with snapshots loses the increments since the last snapshot':
    'Завершённый Redis со снимками теряет увеличения после последнего снимка',
  'Killed Redis with appendfsync everysec loses no acknowledged increment':
    'Завершённый Redis с appendfsync everysec не теряет подтверждённых увеличений',
  'Killed Redis with appendfsync always loses no acknowledged increment':
    'Завершённый Redis с appendfsync always не теряет подтверждённых увеличений',
  'Power cut loses at most two seconds of increments with appendfsync everysec, and none with always':
    'При отключении питания теряются увеличения не более чем за две секунды с appendfsync everysec и ни одного с ' +
    'always',
  'from the kills: with "everysec" a power cut may lose up to about {most} increments ({rate}/s acknowledged, fsync at most 2 s old), with "always" none':
    'по завершениям процесса: с "everysec" при отключении питания может теряться примерно до {most} увеличений ' +
    '(подтверждается {rate}/с, fsync не старше 2 с), с "always" ни одного',
  "not testable here: {node} is a namespace node, and the host's kernel keeps all written data; {bound}":
    'здесь не проверить: {node} - узел в пространствах имён, и ядро машины сохраняет все записанные данные; {bound}',
  'everysec: {everysec}; always: {always}; {bound}': 'everysec: {everysec}; always: {always}; {bound}',
  'A replica accepts writes only from its master, so the two cannot diverge.':
    'Реплика принимает записи только от своего master, поэтому они не могут разойтись.',
  'Replica serves reads and rejects writes': 'Реплика отвечает на чтение и отклоняет записи',
  '{refused} of {attempts} writes rejected (READONLY); {reads} of {replicas} replicas returned the count; final counts of the servers: {after}':
    'отклонено записей (READONLY): {refused} из {attempts}; счётчик вернули реплики: {reads} из {replicas}; ' +
    'счётчики серверов в конце: {after}',

  // Comparison, switch.
  'One counter is one key on one master, in every topology. More servers do not increase its throughput; each confirmation by a replica costs a round trip.':
    'В любой топологии один счётчик - это один ключ на одном master. Дополнительные серверы не повышают его ' +
    'пропускную способность, а каждое подтверждение репликой стоит ещё одного обмена по сети.',
  'Topology with more Redis servers handles more increments per second of one counter than a single server':
    'Топология с несколькими серверами Redis выполняет больше увеличений одного счётчика в секунду, чем один сервер',
  '{topology} {answer}': '{topology}: {answer}',
  '{topology} {answer} (ratio {ratio})': '{topology}: {answer} (отношение {ratio})',
  'Comparison of Redis topologies is complete': 'Сравнение топологий Redis полное',
  '{topologies} topologies compared by {columns}': 'сравнено топологий: {topologies}, показатели: {columns}',
  'not measured in this run: {missing}; run npx zx playbooks/experiments.mjs redis to measure everything':
    'не измерено в этом запуске: {missing}; чтобы измерить всё, запустите npx zx playbooks/experiments.mjs redis',
  'The app is stopped while the data is copied, so the new topology starts with all data of the old one.':
    'Пока данные копируются, приложение остановлено, поэтому новая топология начинает со всеми данными старой.',
  'Switch keeps the count, and the app counts on from it':
    'При смене топологии счётчик сохраняется, и приложение считает дальше',
  'the app returned no count before the switch': 'до смены приложение не вернуло счётчик',
  'count {after} after the switch, {before} before; then {answers} increments acknowledged, {added} counted, {errors} failed':
    'счётчик после смены {after}, до неё {before}; затем увеличений подтверждено {answers}, учтено {added}, ' +
    'ошибок {errors}',
} as const
