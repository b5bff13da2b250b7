/** What `prove` derives from a stack, and what it suggests, in Russian. */
export const RUSSIAN_PROVE_MODEL = {
  // Services and their entry points.
  'derived from the services': 'определено по сервисам',
  ROLE: 'РОЛЬ',
  'BECAUSE OF': 'ПРИЧИНА',
  USES: 'ИСПОЛЬЗУЕТ',
  'ENTRY POINT': 'ТОЧКА ВХОДА',
  PROBE: 'ПРОВЕРКА',
  stateless: 'без данных',
  stateful: 'с данными',
  global: 'на каждом узле',
  'one-shot': 'одноразовый',
  'directory {source} of the node': 'каталог {source} узла',
  'volume at {target}': 'том в {target}',
  'volume {source}': 'том {source}',
  'mode {mode}': 'режим {mode}',
  'image of a database': 'образ базы данных',
  'restart_policy {restart}, and no service uses it': 'restart_policy {restart}, и ни один сервис его не использует',
  '{n|replica|replicas}, no volume': '{n|реплика|реплики|реплик}, томов нет',
  'image {image}': 'образ {image}',
  'path of the health check': 'путь из проверки здоровья',
  'port {port} is not HTTP': 'порт {port} не для HTTP',
  guess: 'предположение',
  'answer is not HTTP': 'ответ не HTTP',
  'TCP connection': 'соединение TCP',
  'GET {path} (status {status}){post}': 'GET {path} (код {status}){post}',
  'below 500': 'меньше 500',
  'nodes with a task': 'узлы с задачей',
  'every node': 'каждый узел',
  'No entry points: no service publishes a TCP port, so only tasks are watched.':
    'Точек входа нет: ни один сервис не публикует порт TCP, поэтому наблюдение ведётся только за задачами.',
  '{service}: {role} ({reason}){uses}': '{service}: {role} ({reason}){uses}',
  '; uses {services}': '; использует {services}',
  'port {port} of {service}: probed with {probes} ({reason})': 'порт {port} сервиса {service}: {probes} ({reason})',
  'port {port} of {service} is not watched: the kernel has no IPVS, so the routing mesh does not work':
    'за портом {port} сервиса {service} наблюдение не ведётся: в ядре нет IPVS, поэтому routing mesh не работает',

  // Experiments that the nodes do not support.
  'not tried: {kind}: {reason}': 'не проверялось: {kind}: {reason}',
  'the kernel of {node} has no netem ({error})': 'в ядре {node} нет netem ({error})',
  'the boot ID of {host} cannot be read, so its clock may be that of another machine':
    'boot ID узла {host} прочитать не удалось, поэтому его часы могут быть общими с другой машиной',
  '{host} shares the kernel, and so the clock, with {other} (use virtual machines: lab_provider: qemu)':
    'у {host} общее ядро, а значит и часы, с {other} (возьмите виртуальные машины: lab_provider: qemu)',
  'the host of the container': 'машина контейнера',
  'this machine': 'эта машина',
  'NTP sets the clock of {node} right: stop it there (timedatectl set-ntp false)':
    'NTP исправляет часы {node}: остановите его там (timedatectl set-ntp false)',
  "Docker's data on {node} is on {type}, which may share a disk with this machine: use ext4 or xfs":
    'Данные Docker на {node} лежат на {type}, у которой может быть общий диск с этой машиной: нужна ext4 или xfs',
  '{node} shares a disk with this machine (in a lab of namespaces: set lab_disk)':
    'у {node} общий диск с этой машиной (в лаборатории из пространств имён: задайте lab_disk)',

  // Suggestions.
  'suggested: {change}': 'предложение: {change}',
  'suggested, to make by hand: {change}': 'предложение, изменить вручную: {change}',
  '{service}: {key}: {value} ({reason})': '{service}: {key}: {value} ({reason})',
  'no change is known for {n|finding|findings} without a suggestion':
    'изменений не найдено для {n|утверждения|утверждений|утверждений}',
  'changes of {file}; findings that do not hold: {n}': 'изменения {file}; не подтверждено утверждений: {n}',
  'the experiments whose findings did not hold, with the suggested changes':
    'эксперименты с неподтверждёнными утверждениями, с предложенными изменениями',
  '{id}: {old}; with the changes: {now}': '{id}: {old}; с изменениями: {now}',
  FINDING: 'УТВЕРЖДЕНИЕ',
  BEFORE: 'ДО',
  AFTER: 'ПОСЛЕ',
  holds: 'подтверждено',
  'does not hold': 'не подтверждено',
  'a new task answers before an old one stops; the default stops first':
    'новая задача отвечает до остановки старой; по умолчанию старая останавливается раньше',
  'a port of a node serves one task at a time': 'порт узла занимает только одна задача',
  'Swarm sends requests to a new task, and keeps a task, only while its health check succeeds':
    'Swarm направляет запросы новой задаче и сохраняет задачу, только пока её проверка здоровья успешна',
  'Swarm starts another task whenever one ends; with {restart} it does not':
    'Swarm запускает другую задачу, когда одна завершилась; с {restart} не запускает',
  'one task answers while the other is replaced': 'одна задача отвечает, пока заменяется другая',
  'the nodes ({nodes}) then have room for all tasks ({tasks})':
    'тогда на узлах ({nodes}) хватает места для всех задач ({tasks})',
  'a leak ends this container, not its neighbours{used}': 'утечка памяти завершит этот контейнер, а не соседние{used}',
  '; it used {used} MiB': '; он занимал {used} МиБ',
  'the task stays on the node with its volume; or use a volume driver that all nodes share':
    'задача остаётся на узле со своим томом; или возьмите драйвер томов, общий для всех узлов',
  'its first process has no handler for the stop signal; an init ends it':
    'его первый процесс не обрабатывает сигнал остановки; init его завершает',
  'it needs more than {grace} s to finish its requests': 'чтобы завершить запросы, ему нужно больше {grace} с',
  'Swarm restores the version that works; {action} leaves the broken one':
    'Swarm возвращает работающую версию; {action} оставляет неисправную',
} as const
