/** Texts of stacks and of the balancer in Russian. */
export const RUSSIAN_STACK = {
  'Every service starts all its tasks and keeps them running.':
    'Каждый сервис запускает все свои задачи, и они работают дальше.',
  'Stack has converged: no update is in progress, and no task is starting or failing':
    'Стек в желаемом состоянии: нет обновлений, задачи не запускаются и не завершаются с ошибкой',
  'Every service runs its desired number of tasks, or has completed them':
    'У каждого сервиса работает нужное число задач, или все они выполнены',
  'Every container with a health check is healthy': 'Все контейнеры с проверкой состояния исправны',
  'stack {name} is removed (state=absent)': 'стек {name} удалён (state=absent)',
  'not converged within {within} s: ': 'желаемое состояние не достигнуто за {within} с: ',
  '{services} services converged after {seconds} s':
    'сервисов: {services}; желаемое состояние достигнуто через {seconds} с',
  'last log line: {line}': 'последняя строка журнала: {line}',
  'also failed: {services}': 'также с ошибкой: {services}',
  'no services': 'сервисов нет',
  'update paused': 'обновление приостановлено',
  'rollback paused': 'откат приостановлен',
  'update failed and was rolled back': 'обновление не удалось, и выполнен откат',
  '{failure} ({message})': '{failure} ({message})',
  'no node can run it: all are drained, paused or down':
    'ни один узел не может его выполнять: все в режиме drain или pause либо в состоянии Down',
  'no node can run it: all are drained, paused or down, or none matches deploy.placement.constraints [{constraints}]':
    'ни один узел не может его выполнять: все в режиме drain или pause либо в состоянии Down, или ни один не подходит ' +
    'под deploy.placement.constraints [{constraints}]',
  '{slot} failed {n|time|times}': 'задача {slot} завершилась с ошибкой {n|раз|раза|раз}',
  'no suitable node': 'нет подходящего узла',
  'it exited, and its restart_policy does not restart it': 'он завершился, а restart_policy его не перезапускает',
  '{running} of {wanted} tasks run': 'работают задачи: {running} из {wanted}',
  '{count} of {of} completed, {running} tasks run': 'выполнено {count} из {of}, работают задачи: {running}',
  '{service}: {reason}': '{service}: {reason}',
  '{service}: {reason}; task {task}{location} is {state}{error}{hint}':
    '{service}: {reason}; задача {task}{location} в состоянии {state}{error}{hint}',
  ' on {node}': ' на {node}',
  ' ({hint})': ' ({hint})',
  'the node cannot pull the image: check its name, and that it is in the registry':
    'узел не может загрузить образ: проверьте его имя и что он есть в реестре',
  'another task on the node uses this port: publish another port, or run fewer tasks':
    'этот порт на узле занят другой задачей: опубликуйте другой порт или запустите меньше задач',
  'no node has enough free resources: lower deploy.resources.reservations':
    'ни на одном узле не хватает ресурсов: уменьшите deploy.resources.reservations',
  'no node matches deploy.placement.constraints (docker node inspect NODE shows labels)':
    'ни один узел не подходит под deploy.placement.constraints (метки показывает docker node inspect NODE)',
  'max_replicas_per_node does not allow more replicas on these nodes':
    'max_replicas_per_node не позволяет больше реплик на этих узлах',
  'create the directory on every node, or use a volume': 'создайте каталог на каждом узле или используйте том',
  'the container was killed: out of memory, or not stopped within the grace period':
    'контейнер завершён принудительно: не хватило памяти, или он не остановился за отведённое время',
  'the command is not in the image: check "command" and "entrypoint"':
    'такой команды нет в образе: проверьте "command" и "entrypoint"',
  'the health check fails': 'проверка состояния не проходит',
  'the network cannot be created on the node': 'сеть нельзя создать на узле',
  '{service} {count}/{of} completed': '{service} выполнено {count}/{of}',
  '{healthy} of {checked} containers with a health check are healthy':
    'исправны контейнеры с проверкой состояния: {healthy} из {checked}',
  'not healthy: {tasks}': 'неисправны: {tasks}',
  'without a health check: {services}': 'без проверки состояния: {services}',
  'unreachable: {nodes}': 'недоступны: {nodes}',
  'The balancer routes requests by path, sends none to unhealthy replicas, and keeps a client on one replica only with sticky sessions.':
    'Балансировщик выбирает приложение по пути, не направляет запросы неисправным репликам и закрепляет клиента ' +
    'за одной репликой только при sticky sessions.',
  'Each path is routed to its own app by the balancer of every node':
    'Балансировщик каждого узла направляет каждый путь в своё приложение',
  'A client with cookies stays on one replica with sticky sessions, and reaches all replicas without':
    'Клиент с cookie при sticky sessions остаётся на одной реплике, а без них попадает на все',
  'A stopped replica receives no requests, and no request fails':
    'Остановленная реплика не получает запросов, и ошибок запросов нет',
  '/app1 reached {first} replicas, /app2 {second} others, through {through} of {endpoints} balancers; after one increment at /app1 its count went from {before} to {after}, that of /app2 from {otherBefore} to {otherAfter}; {failed} requests failed':
    'реплик за /app1: {first}, за /app2: {second}, других; балансировщиков: {through} из {endpoints}; после ' +
    'одного увеличения через /app1 его счётчик стал {after} (был {before}), счётчик /app2 - {otherAfter} (был ' +
    '{otherBefore}); ошибок запросов: {failed}',
  'inconclusive: needs at least two replicas': 'не определено: нужны хотя бы две реплики',
  'balancer_sticky is {sticky}: one client reached {forOne} of {replicas} replicas, {requests} clients reached {forMany}; {failed} requests failed':
    'balancer_sticky: {sticky}; один клиент попал на реплики: {forOne} из {replicas}, разные клиенты ' +
    '({requests}): {forMany}; ошибок запросов: {failed}',
  '{failed} requests failed; replica {targetReplica} on {node} sent {had} of {before} responses until it stopped, and {late} of {after} in the {seconds} s after':
    'ошибок запросов: {failed}; ответов реплики {targetReplica} на {node}: {had} из {before} до остановки, {late} ' +
    'из {after} за {seconds} с после неё',
  'The vote page puts the vote into a queue in Redis, the worker moves it to PostgreSQL, and the result page counts it there.':
    'Страница голосования помещает голос в очередь в Redis, worker переносит его в PostgreSQL, а страница ' +
    'результатов считает его там.',
  'A vote through one page is counted by the other': 'Голос, поданный на одной странице, учтён на другой',
  'votes for {choice}: {before} before, {after} after {time}':
    'голосов за {choice}: было {before}, стало {after} через {time}',
} as const
