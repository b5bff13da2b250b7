/** Swarm against Kubernetes in Russian: what is compared, and the concepts of both. */
export const RUSSIAN_COMPARISON = {
  // Measurements.
  '{middle} {unit}': '{middle} {unit}',
  '{middle} {unit} ({low} to {high}, {n|time|times})': '{middle} {unit} (от {low} до {high}, {n|раз|раза|раз})',
  '{value} [{run}]': '{value} [{run}]',
  'not so: {claim}': 'не так: {claim}',
  '{id} is inconclusive: {why}': '{id} не определено: {why}',
  'no run set up the Swarm from nothing': 'ни один запуск не настраивал Swarm с нуля',
  'no run set up k3s from nothing': 'ни один запуск не настраивал k3s с нуля',
  '{id} does not hold: {why}': '{id} не выполняется: {why}',
  'no machines': 'машин нет',
  '[{number}] {run}, {machines}': '[{number}] {run}, {machines}',
  'Lines of configuration': 'Строк конфигурации',
  'warning: runs used different machines ({machines})': 'внимание: запуски выполнены на разных машинах ({machines})',
  "warning: the app's image is {swarm} on the Swarm, but {k3s} on k3s":
    'внимание: образ приложения в Swarm {swarm}, а в k3s {k3s}',
  'Set up, with the proven app': 'Развёртывание с проверенным приложением',
  'Start 4 replicas from zero': 'Запуск 4 реплик с нуля',
  'Recover from a killed replica (Swarm: container, k3s: pod)':
    'Восстановление после потери реплики (Swarm: контейнер, k3s: под)',
  'Scale out: first new replica (Swarm: by hand, k3s: autoscaler)':
    'Увеличение: первая новая реплика (Swarm: вручную, k3s: автомасштабирование)',
  'Drain a node': 'Перевод узла в режим drain',
  '... failed requests': '... ошибки запросов',
  'Detect a node that is powered off': 'Обнаружение обесточенного узла',
  '... until all replicas run on other nodes': '... до работы всех реплик на других узлах',
  '... failed requests through other nodes': '... ошибки запросов через другие узлы',
  '... longest outage through other nodes': '... самый долгий перерыв через другие узлы',
  'Rolling update': 'Постепенное обновление',
  'Manual rollback': 'Ручной откат',
  'Capacity of 1 replica': 'Производительность 1 реплики',
  'Capacity of 4 replicas': 'Производительность 4 реплик',
  'Latency at equal load, median': 'Задержка при равной нагрузке, медиана',
  'Latency at equal load, p95': 'Задержка при равной нагрузке, p95',
  'Memory of the orchestrator, all nodes': 'Память оркестратора, все узлы',
  'CPU of the orchestrator, all nodes, idle': 'CPU оркестратора, все узлы, без нагрузки',
  'adds pods under load': 'добавляет поды под нагрузкой',
  'Network policy': 'Сетевая политика',
  'none: networks separate services': 'нет: сервисы разделяют сети',
  'refuses what is not allowed': 'отклоняет неразрешённое',
  Ingress: 'Ingress (вход по имени)',
  'published port on every node': 'опубликованный порт на каждом узле',
  'by host name, port 80': 'по имени узла, порт 80',
  'volume survives its pod; local to a node': 'том переживает свой под; локальный для узла',

  // Concepts.
  '{id}: holds, {link}': '{id}: подтверждено, {link}',
  '{id}: does not hold, {link}': '{id}: не подтверждено, {link}',
  '{id}: not in any stored run': '{id}: нет ни в одном сохранённом запуске',
  Replicas: 'Реплики',
  'service with replicas; running tasks are never moved':
    'сервис с репликами; работающие задачи никогда не переносятся',
  'Deployment with ReplicaSet and pods; running pods are never moved':
    'Deployment с ReplicaSet и подами; работающие поды никогда не переносятся',
  Health: 'Исправность',
  'one health check: unhealthy tasks are replaced': 'одна проверка: неисправные задачи заменяются',
  'three probes: startup, readiness (receives traffic), liveness (restart on failure)':
    'три проверки: запуска, готовности (принимает запросы), работы (перезапуск при ошибке)',
  Autoscaling: 'Автомасштабирование',
  'none: replicas are set manually or by an external tool': 'нет: число реплик задаётся вручную или внешней программой',
  'HorizontalPodAutoscaler by CPU usage': 'HorizontalPodAutoscaler по загрузке CPU',
  Storage: 'Хранение',
  'local volume; a label pins the task to its node': 'локальный том; метка закрепляет задачу за узлом',
  'PersistentVolumeClaim; local-path also pins the pod to its node':
    'PersistentVolumeClaim; local-path тоже закрепляет под за узлом',
  Network: 'Сеть',
  'overlay network, DNS, routing mesh on every node (IPVS)': 'оверлейная сеть, DNS, routing mesh на каждом узле (IPVS)',
  'pod network (flannel), Services (iptables), Ingress, NetworkPolicy':
    'сеть подов (flannel), Service (iptables), Ingress, NetworkPolicy',
  Scheduling: 'Размещение',
  'constraints, spread preferences, maximum replicas per node':
    'ограничения, равномерное распределение, наибольшее число реплик на узле',
  'requests, affinity, taints, topology spread constraints, PodDisruptionBudget':
    'запросы ресурсов, affinity, taints, topology spread constraints, PodDisruptionBudget',
  'Node failure': 'Отказ узла',
  'Down after missed heartbeats; tasks are replaced at once':
    'Down после пропуска сигналов heartbeat; задачи заменяются сразу',
  'NotReady after 40 to 50 s; pods are evicted when their toleration expires':
    'NotReady через 40-50 с; поды вытесняются, когда истекает их toleration',
  'Configuration and secrets': 'Конфигурация и секреты',
  'immutable configs and secrets, as files; a new object per change':
    'неизменяемые configs и secrets в виде файлов; на каждое изменение новый объект',
  'ConfigMap and Secret, as files or variables; a checksum annotation triggers a rollout':
    'ConfigMap и Secret в виде файлов или переменных; обновление запускает аннотация с контрольной суммой',
  Updates: 'Обновления',
  'start-first, monitored, automatic rollback': 'start-first, с наблюдением и автоматическим откатом',
  'maxSurge and maxUnavailable, progress deadline, manual rollback':
    'maxSurge и maxUnavailable, предельный срок, ручной откат',
} as const
