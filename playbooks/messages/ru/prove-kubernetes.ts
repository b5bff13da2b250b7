/** Texts of the experiments with any workloads on Kubernetes in Russian. */
export const RUSSIAN_PROVE_KUBERNETES = {
  'changes of the manifests; findings that do not hold: {n}': 'изменения манифестов; неподтверждённых проверок: {n}',
  // Inspection.
  'Every workload runs all its pods, and every entry point answers. Otherwise nothing is disturbed.':
    'У каждой рабочей нагрузки работают все поды, и каждая точка входа отвечает. Иначе ничего не нарушается.',
  'Every workload runs its desired number of pods': 'У каждой рабочей нагрузки работает желаемое число подов',
  'Workloads and pods of namespace {namespace}': 'Рабочие нагрузки и поды пространства имён {namespace}',
  '{n|workload|workloads} run after {seconds} s':
    '{n|рабочая нагрузка|рабочие нагрузки|рабочих нагрузок} в желаемом состоянии через {seconds} с',
  '{failing}. If the probe is wrong, set the annotation labbook/probe (docs/prove.md)':
    '{failing}. Если проверка неверна, задайте аннотацию labbook/probe (docs/prove.md)',
  'no pod of {workload} is ready': 'ни один под {workload} не готов',

  // Settings.
  'No pod can take all memory of a node, none receives requests before it is ready, and no data stays behind when a pod moves.':
    'Ни один под не может занять всю память узла, ни один не получает запросов до готовности, и данные не остаются ' +
    'на узле, когда под переносится.',
  'Pods of {name} receive requests only while a readiness probe succeeds':
    'Поды {name} получают запросы, только пока проходит проверка готовности',
  'Data of {name} stays with its pods: in volume claims, or on the only node that can run it':
    'Данные {name} остаются со своими подами: в заявках на тома или на единственном узле, который может их выполнять',
  'no limit: {containers}': 'предела нет: {containers}',
  'no readiness probe': 'проверки готовности нет',
  'it has a readiness probe': 'проверка готовности есть',
  'in volume claims': 'в заявках на тома',
  'a node selector or an affinity limits the nodes': 'узлы ограничены селектором или правилом affinity',
  '{directory} is a directory of a node, and any node can run the pod':
    '{directory} — каталог узла, а выполнять под может любой узел',

  // Pods that end or hang.
  'Kubernetes creates another pod for one that ends. Until it is ready, other pods answer.':
    'Вместо завершившегося пода Kubernetes создаёт новый. До его готовности отвечают другие поды.',
  'Kubernetes replaces a killed pod of {name}': 'Kubernetes заменяет завершённый под {name}',
  'Entry points answer while a pod of {name} is killed and replaced':
    'Точки входа отвечают, пока завершённый под {name} заменяется',
  'Replacement of a killed pod of {name} loses no acknowledged increment':
    'При замене завершённого пода {name} не теряется ни одно подтверждённое увеличение счётчика',
  'Timeline: a pod of {workload} is killed': 'Ход событий: под {workload} завершён',
  'Kill a pod of {workload}': 'Завершение пода {workload}',
  'Pods of {workload} until the replacement': 'Поды {workload} до замены',
  'The readiness probe of a pod that hangs fails, so that others answer, and the liveness probe restarts it.':
    'Зависший под не проходит проверку готовности, поэтому отвечают другие, а проверка жизнеспособности его ' +
    'перезапускает.',
  'Kubernetes restarts a container of {name} that hangs': 'Kubernetes перезапускает зависший контейнер {name}',
  'Entry points answer while a pod of {name} hangs': 'Точки входа отвечают, пока под {name} завис',
  'no liveness probe: Kubernetes cannot notice that a container hangs':
    'проверки жизнеспособности нет: Kubernetes не может заметить зависание контейнера',
  '{node} is no host of the inventory': '{node} — не хост инвентаря',
  'Timeline: a pod of {workload} hangs': 'Ход событий: под {workload} завис',
  'Stop the processes of a pod of {workload}': 'Остановка процессов пода {workload}',
  '{pod} on {node} hangs': '{pod} на {node} завис',
  'not restarted': 'не перезапущен',
  'restarted after {time}; {requests}': 'перезапущен через {time}; {requests}',
  'not restarted after {time}; {requests}': 'не перезапущен через {time}; {requests}',

  // Scaling and updates.
  'Kubernetes adds and removes pods until the desired number is ready. A pod that terminates finishes its requests first.':
    'Kubernetes добавляет и удаляет поды, пока не будет готово желаемое число. Завершаемый под сначала обслуживает ' +
    'свои запросы.',
  'Pods of {workload} until {replicas} are ready': 'Поды {workload}, пока не будут готовы {replicas}',
  'A new pod is ready before an old one terminates, and the old one finishes its requests first.':
    'Новый под готов до завершения старого, а старый сначала обслуживает свои запросы.',
  'Pods of {name} end within their grace period':
    'Поды {name} завершаются за отведённое время (terminationGracePeriodSeconds)',
  'Pods of {workload} during update': 'Поды {workload} во время обновления',
  'Pods of {workload} during rollback': 'Поды {workload} во время отката',
  'not completed': 'не завершено',
  '{killed} of {pods} pods were still there after {grace} s':
    'подов, которые не завершились за {grace} с: {killed} из {pods}',
  '{pods} pods ended within {grace} s': 'подов, завершившихся за {grace} с: {pods}',
  'The first new pod never becomes ready, so the update stops, and the old pods answer. Kubernetes does not roll back by itself; "rollout undo" does.':
    'Первый новый под никогда не готов, поэтому обновление останавливается, и отвечают старые поды. Kubernetes не ' +
    'откатывает его сам; это делает "rollout undo".',
  'A rollback of {name} restores the version that works': 'Откат {name} возвращает работающую версию',
  'Pods of {workload} during broken update': 'Поды {workload} во время неудачного обновления',

  // Dependencies.
  'Workloads that use it fail requests meanwhile, and work again once it is back, without help.':
    'Рабочие нагрузки, которые её используют, в это время отвечают ошибками, а после её возврата снова работают ' +
    'без помощи.',
  'The workloads recover by themselves after {name} was away':
    'Рабочие нагрузки восстанавливаются сами после отсутствия {name}',

  // Nodes.
  'Kubernetes evicts the pods of a drained node and starts others on other nodes.':
    'Kubernetes вытесняет поды с узла в режиме drain и запускает другие на других узлах.',
  'The node is NotReady after 40 to 50 s; its pods are evicted when their toleration expires, and others start elsewhere.':
    'Через 40–50 с узел в состоянии NotReady; его поды вытесняются по истечении их toleration, и на других узлах ' +
    'запускаются новые.',
  'Pods of {name} run on other nodes': 'Поды {name} работают на других узлах',
  'The workloads recover by themselves afterwards': 'После этого рабочие нагрузки восстанавливаются сами',
  'every agent runs a pod of a stateful workload, or group k3s_agents has no host':
    'на каждом агенте есть под рабочей нагрузки с состоянием, или в группе k3s_agents нет хостов',
  'Pods until all run without {node}': 'Поды, пока все не заработают без {node}',
  '{count} of {replicas} pods run on other nodes after {time}{why}':
    'подов на других узлах: {count} из {replicas} через {time}{why}',
  'no pod of {workload} ran on {node} before': 'до этого на {node} не было ни одного пода {workload}',

  // What is derived, and suggested.
  'derived from the objects': 'определено по объектам',
  WORKLOAD: 'НАГРУЗКА',
  KIND: 'ВИД',
  OBJECT: 'ОБЪЕКТ',
  FIELD: 'ПОЛЕ',
  VALUE: 'ЗНАЧЕНИЕ',
  'No entry points: no Service of type NodePort or LoadBalancer, and no Ingress, so only pods are watched.':
    'Точек входа нет: ни одного Service типа NodePort или LoadBalancer и ни одного Ingress, поэтому наблюдение ' +
    'ведётся только за подами.',
  'nodes with a pod': 'узлы с подом',
  'Deployment, {n|replica|replicas}': 'Deployment, {n|реплика|реплики|реплик}',
  'path of the readiness probe': 'путь из проверки готовности',
  'annotation {annotation}': 'аннотация {annotation}',
  '{host} is not watched: the cluster has no IngressClass':
    'за {host} наблюдение не ведётся: в кластере нет IngressClass',
  'the hosts of a context are not in the inventory': 'хостов контекста нет в инвентаре',
  'group k3s_agents has no host': 'в группе k3s_agents нет хостов',
  'a Service sends requests to a pod only while its readiness probe succeeds':
    'Service отправляет запросы поду, только пока проходит его проверка готовности',
  'one pod answers while the other is replaced': 'один под отвечает, пока другой заменяется',
  'a new pod is ready before an old one terminates': 'новый под готов до завершения старого',
  'nodes send requests to a pod that terminates until they have removed its endpoint':
    'узлы отправляют запросы завершаемому поду, пока не удалят его адрес',
  'pods of a lost node are replaced after {seconds} s instead of {before} s':
    'поды потерянного узла заменяются через {seconds} с вместо {before} с',
  'a leak ends this container, not its neighbours; three times what it uses is a start':
    'утечка завершает этот контейнер, а не соседние; для начала подойдёт тройной расход',
  'its volume follows the pod, or binds it': 'том следует за подом или удерживает его на узле',
  'the kubelet restarts a container whose liveness probe fails':
    'kubelet перезапускает контейнер, который не проходит проверку жизнеспособности',
  'it needs more than {grace} s, or ignores SIGTERM: then its first process must handle the signal':
    'ему нужно больше {grace} с, или он игнорирует SIGTERM: тогда первый процесс должен обрабатывать сигнал',
} as const
