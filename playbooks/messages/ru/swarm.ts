/** Texts of the experiments with the Swarm in Russian. */
export const RUSSIAN_SWARM = {
  // Drain.
  'Swarm stops all tasks of a drained node and starts their replicas on other nodes. It does not move running tasks, so they stay there when the node is active again, until an update replaces them.':
    'Swarm останавливает все задачи узла в режиме drain и запускает их реплики на других узлах. Работающие задачи ' +
    'он не переносит, поэтому после возврата узла в режим active они остаются на местах, пока их не заменит ' +
    'обновление.',
  'Drained node runs no tasks, and all replicas run on other nodes':
    'На узле в режиме drain нет задач, все реплики работают на других узлах',
  'Replicas do not return to a node that is active again': 'Реплики не возвращаются на узел, который снова активен',
  'Forced update places replicas on the node again': 'Принудительное обновление снова размещает реплики на узле',
  '{node} ran no task after {emptied}; all replicas ran on other nodes after {replicas}; {failed} of {sent} requests through other nodes failed meanwhile':
    'на {node} не осталось задач через {emptied}; все реплики работали на других узлах через {replicas}; ошибок ' +
    'запросов через другие узлы за это время: {failed} из {sent}',
  '{returned} replicas on {node} {observed} s after activation':
    'реплик на {node} через {observed} с после активации: {returned}',
  'replicas per node: {replicas}': 'реплики по узлам: {replicas}',

  // Scaling.
  'Swarm places a new replica on the node with the fewest of them: the one that was drained. Unlike a forced update, scaling restarts no running replica.':
    'Новую реплику Swarm размещает на узле с наименьшим их числом - на том, что был в режиме drain. В отличие от ' +
    'принудительного обновления, масштабирование не перезапускает работающие реплики.',
  'Scaling by one and back places a replica on the node again':
    'Изменение числа реплик на одну и обратно снова размещает реплику на узле',
  '{placed} replicas on {node} after {took}; {failed} of {sent} requests failed':
    'реплик на {node}: {placed} через {took}; ошибок запросов: {failed} из {sent}',

  // Audit.
  'The nodes follow most of Docker’s advice; a lab with one manager cannot follow that on the quorum.':
    'Узлы следуют большинству рекомендаций Docker; лаборатория с одним узлом-менеджером не может следовать ' +
    'рекомендации о кворуме.',
  'All nodes follow Docker’s advice on security': 'Все узлы следуют рекомендациям Docker по безопасности',
  'All nodes follow Docker’s advice on operations': 'Все узлы следуют рекомендациям Docker по эксплуатации',
  'all {n} lines of advice are followed on every node': 'на каждом узле выполнены все рекомендации: {n}',
  '{followed} of {all} lines of advice are followed on every node; not: {others}':
    'на каждом узле выполнены рекомендации: {followed} из {all}; не выполнены: {others}',

  'The replica count is desired state; Swarm starts or stops tasks until it is reached. A stopping replica finishes its requests first, so none fails.':
    'Число реплик - это желаемое состояние: Swarm запускает и останавливает задачи, пока оно не достигнуто. ' +
    'Останавливаемая реплика сначала завершает свои запросы, поэтому ошибок нет.',
  'Scaling up runs the desired number of replicas': 'При увеличении запускается нужное число реплик',
  'Scaling down fails no request': 'При уменьшении числа реплик нет ошибок запросов',
  '{more} instead of {wanted} replicas ran after {took}; {failed} of {sent} requests failed':
    'реплик стало {more} вместо {wanted} через {took}; ошибок запросов: {failed} из {sent}',
  'cannot scale up: the nodes are limited to {limit} replicas':
    'увеличить нельзя: предел реплик на этих узлах - {limit}',
  '{failed} of {sent} requests failed; {fewer} replicas ran after {took}, {wanted} again after {took2}':
    'ошибок запросов: {failed} из {sent}; реплик стало {fewer} через {took}, снова {wanted} через {took2}',
  '{fewer} replicas ran after {took}, {wanted} again after {took2}':
    'реплик стало {fewer} через {took}, снова {wanted} через {took2}',

  // Health checks.
  'The health check fails; after the configured number of retries Swarm kills the container and starts another. Until then, requests that the load balancer sends to it time out.':
    'Проверка состояния не проходит; после заданного числа попыток Swarm завершает контейнер и запускает другой. ' +
    'До этого запросы, которые балансировщик направляет в него, остаются без ответа.',
  'Swarm replaces a container whose health check fails':
    'Swarm заменяет контейнер, который не проходит проверку состояния',
  'replaced after {replacedAfter}, unhealthy after {unhealthyAfter}; {failed} of {sent} requests failed, longest outage {outage}':
    'заменён через {replacedAfter}, признан неисправным через {unhealthyAfter}; ошибок запросов: {failed} из ' +
    '{sent}, самый долгий перерыв {outage}',

  // Updates.
  'With start-first, a new replica is healthy before an old one stops, and the old one finishes its requests first. So no request fails, in an update or a rollback.':
    'При порядке start-first новая реплика исправна до остановки старой, а старая сначала завершает свои запросы. ' +
    'Поэтому ни обновление, ни откат не вызывают ошибок.',
  'Rolling update fails no request': 'Постепенное обновление не вызывает ошибок запросов',
  'Manual rollback fails no request': 'Ручной откат не вызывает ошибок запросов',
  'Update and rollback lose no acknowledged increment':
    'При обновлении и откате не теряется ни одно подтверждённое увеличение счётчика',
  '{failed} of {sent} requests failed at {perSecond}/s, p95 {p95} ms; update {update} {took}':
    'ошибок запросов: {failed} из {sent} при {perSecond}/с, p95 {p95} мс; обновление {update} {took}',
  '{failed} of {sent} requests failed; rollback {rollback} {took}':
    'ошибок запросов: {failed} из {sent}; откат {rollback} {took}',
  took: 'за',
  'did not complete within': 'не завершён за',
  '{lost} increments lost; {acknowledged} acknowledged, {added} counted':
    'потеряно увеличений: {lost}; подтверждено {acknowledged}, учтено {added}',
  'The first new replica fails within the monitor period; Swarm stops the update and rolls back automatically. The old replicas keep running, so no request fails.':
    'Первая новая реплика завершается с ошибкой за время наблюдения; Swarm останавливает обновление и сам ' +
    'откатывает его. Старые реплики работают дальше, поэтому ошибок нет.',
  'Swarm rolls back an update to a broken image automatically':
    'Swarm сам откатывает обновление до неработающего образа',
  'Failed update and automatic rollback fail no request':
    'Неудачное обновление и автоматический откат не вызывают ошибок запросов',
  '{exhibit}; update status settled after {rollbackSeconds}':
    '{exhibit}; состояние обновления установилось через {rollbackSeconds}',
  '{failed} of {sent} requests failed at {perSecond}/s': 'ошибок запросов: {failed} из {sent} при {perSecond}/с',

  // Routing mesh.
  "Each node listens on the published port and forwards connections to all replicas in round robin, even a node without a replica. The service's virtual IP does the same.":
    'Каждый узел, даже без реплик, принимает соединения на опубликованном порту и по очереди передаёт их всем ' +
    'репликам. То же делает виртуальный IP-адрес сервиса.',
  'Every node answers on the published port, even without a task of the service':
    'Каждый узел отвечает на опубликованном порту, даже если на нём нет задачи сервиса',
  'Routing mesh spreads connections over all replicas through each node':
    'Через каждый узел routing mesh распределяет соединения по всем репликам',
  'Virtual IP of the service spreads connections over all replicas':
    'Виртуальный IP-адрес сервиса распределяет соединения по всем репликам',
  'Until the manager marks the node Down, the other nodes forward connections to it that time out. Then Swarm removes its replicas from the IPVS tables and starts others; from then on no request fails.':
    'Пока узел-менеджер не отметил узел как Down, другие узлы передают ему соединения, и они остаются без ответа. ' +
    'Затем Swarm удаляет его реплики из таблиц IPVS и запускает другие; после этого ошибок нет.',
  'Routing mesh of the other nodes answers all requests once the powered-off node is Down, and the recovered node is Ready':
    'Routing mesh других узлов отвечает на все запросы, как только обесточенный узел отмечен как Down, а ' +
    'восстановленный узел готов',
  'the kernel of {nodes} has no IPVS, so there is no routing mesh; use virtual machines (lab.mjs up --provider qemu)':
    'в ядре {nodes} нет IPVS, поэтому routing mesh не работает; используйте виртуальные машины (lab.mjs up ' +
    '--provider qemu)',
  'every node had a task': 'на каждом узле была задача',
  '{failing}; {idle} had no task': '{failing}; без задачи: {idle}',
  'every node answered every request': 'каждый узел ответил на каждый запрос',
  'requests through {nodes} failed': 'были ошибки запросов через {nodes}',
  'least used replica got {least} % of an equal share; {connections} connections through each of {nodes} nodes':
    'наименее загруженная реплика получила {least} % равной доли; соединений через каждый из узлов ({nodes}): ' +
    '{connections}',
  'least used replica got {least} % of an equal share; {replicas} of {total} connections answered':
    'наименее загруженная реплика получила {least} % равной доли; ответов на соединения: {replicas} из {total}',
  '{failed} of {sent} requests failed after all replicas ran on other nodes ({replacedAfter}, Down after {downAfter}), {failed2} of {sent2} before (longest outage {outage}); {node} Ready {readyAfter} later':
    'ошибок запросов после запуска всех реплик на других узлах ({replacedAfter}, Down через {downAfter}): ' +
    '{failed} из {sent}, до этого {failed2} из {sent2} (самый долгий перерыв {outage}); {node} снова Ready через ' +
    '{readyAfter}',

  // Start order.
  'Swarm starts all services of a stack at once and ignores depends_on. An app must wait for its dependencies itself: the Counter app answers 503 until Redis is available, and needs no restart.':
    'Swarm запускает все сервисы стека сразу и не учитывает depends_on. Приложение само ждёт свои зависимости: ' +
    'Counter отвечает 503, пока Redis недоступен, и перезапуск ему не нужен.',
  'Swarm starts a service without waiting for its depends_on services':
    'Swarm запускает сервис, не дожидаясь сервисов из depends_on',
  'App answers 503 without Redis, and counts once Redis is available, without a restart':
    'Без Redis приложение отвечает 503, а когда Redis доступен - считает, без перезапуска',
  'one of the two containers did not start': 'один из двух контейнеров не запустился',
  'web started {delay} {before} store; store needed {storeDelay} s to become available':
    'web запущен {before} store на {delay}; store стал доступен через {storeDelay} с',
  before: 'раньше',
  after: 'позже',
  '503 without Redis, 200 after another {counting}; web {sameContainer}':
    '503 без Redis, 200 ещё через {counting}; web {sameContainer}',
  'was not restarted': 'не перезапускался',
  'was restarted': 'перезапускался',

  // Managers.
  'Running containers need no manager and keep running. Without a manager, Swarm replaces no container and accepts no command. The manager and Redis recover their state from disk.':
    'Работающим контейнерам узел-менеджер не нужен, они работают дальше. Без него Swarm не заменяет контейнеры и ' +
    'не принимает команды. Узел-менеджер и Redis восстанавливают своё состояние с диска.',
  'Replicas on other nodes keep running without the only manager':
    'Без единственного узла-менеджера реплики на других узлах работают дальше',
  'Swarm does not replace a stopped container without the only manager':
    'Без единственного узла-менеджера Swarm не заменяет остановленный контейнер',
  'Swarm and app recover without intervention once the manager is back':
    'Swarm и приложение восстанавливаются сами, когда узел-менеджер снова работает',
  "{count|replica|replicas} kept running on {host}; no count, as Redis ran on the manager's node":
    'на {host}: {count|реплика|реплики|реплик} без перерыва; счётчика нет, так как Redis работал на узле-менеджере',
  '{remaining} of {count} replicas ran on {host} {seconds} s after the kill; {managed}':
    'реплик на {host} через {seconds} с после завершения: {remaining} из {count}; {managed}',
  'a manager answered': 'узел-менеджер ответил',
  'no manager answered': 'ни один узел-менеджер не ответил',
  '{state} {healthyAfter} after recovery started; {acknowledged} increments acknowledged, {added} counted':
    '{state} через {healthyAfter} после начала восстановления; увеличений подтверждено {acknowledged}, учтено {added}',
  healthy: 'всё исправно',
  'not healthy ({failure})': 'неисправно ({failure})',
  'Two of three managers are a quorum: they elect a new leader within seconds and keep managing the Swarm.':
    'Два узла-менеджера из трёх - кворум: за секунды они выбирают нового лидера и управляют Swarm дальше.',
  'Two of three managers elect a new leader when the leader is lost':
    'При потере лидера два узла-менеджера из трёх выбирают нового',
  'Swarm replaces a stopped container after the election': 'После выборов Swarm заменяет остановленный контейнер',
  'new leader answered after {managedAfter}': 'новый лидер ответил через {managedAfter}',
  'no leader answered within {seconds} s': 'за {seconds} с ни один лидер не ответил',
  'Role of {host} after the demotion': 'Роль {host} после снятия с роли узла-менеджера',
  'Role of {host} after restart': 'Роль {host} после перезапуска',
  'no leader was elected': 'лидер не выбран',
  '{replaced} within {time} of the kill': '{replaced} за {time} после завершения',
  replaced: 'заменён',
  'not replaced': 'не заменён',

  // Loss of a node.
  'Swarm replaces the replicas of a node that {condition} on other nodes':
    'Swarm заменяет на других узлах реплики узла, который {condition}',
  'loses power': 'обесточен',
  'has its Docker daemon stopped': 'остался без демона Docker',
  'is partitioned from the network': 'изолирован от сети',
  'Recovered node becomes Ready, and replicas do not return to it':
    'Восстановленный узел готов (Ready), и реплики на него не возвращаются',
  'The manager receives no heartbeats from the node, marks it Down after about 15 s, and starts its replicas on other nodes. Requests routed to its replicas fail; all others succeed.':
    'Узел-менеджер не получает сигналов от узла, примерно через 15 с отмечает его как Down и запускает его ' +
    'реплики на других узлах. Запросы к репликам этого узла завершаются ошибкой, все остальные - успешно.',
  'A graceful shutdown of the daemon stops the containers and closes the session with the manager, so the node is Down sooner than after a power cut.':
    'При штатной остановке демон останавливает контейнеры и закрывает сеанс с узлом-менеджером, поэтому узел ' +
    'отмечен как Down раньше, чем при отключении питания.',
  'To the manager a partitioned node looks like one without power. Its containers keep running until the node is reachable again and Swarm stops them.':
    'Для узла-менеджера узел без сети выглядит как обесточенный. Его контейнеры работают, пока узел снова не ' +
    'станет доступен и Swarm их не остановит.',
  'all replicas on other nodes after {replacedAfter}, {node} Down after {downAfter}; {failed} of {sent} requests through other nodes failed (longest outage {outage}), {failed2} of {sent2} through {node2}; {lost} acknowledged increments lost':
    'все реплики на других узлах через {replacedAfter}, {node} отмечен как Down через {downAfter}; ошибок ' +
    'запросов через другие узлы: {failed} из {sent} (самый долгий перерыв {outage}), через {node2}: {failed2} из ' +
    '{sent2}; потеряно подтверждённых увеличений: {lost}',
  '{count} replicas on {node} {seconds} s after it was Ready; Ready {readyAfter} after recovery started':
    'реплик на {node} через {seconds} с после готовности: {count}; готов через {readyAfter} после начала ' +
    'восстановления',
  'CPU pressure on {host}': 'Нехватка CPU на {host}',
  'tasks on {nodes} waited for a CPU {percent} % of the last five minutes: the machines are too busy':
    'задачи на {nodes} ждали CPU {percent} % последних пяти минут: машины слишком загружены',
  '{nodes} lost the gossip of other nodes meanwhile: the machines are too slow or too busy':
    'узлы {nodes} за это время потеряли связь с другими по протоколу gossip: машины слишком медленные или загружены',
} as const
